/** A person who acts through the API: what a journey needs to be there before the browser comes. */
const password = "correct horse battery";
let made = 0;

export class Person {
  private constructor(
    private readonly api: string,
    readonly id: string,
    readonly username: string,
    readonly displayName: string,
    readonly token: string,
  ) {}

  static readonly password = password;

  /** A username that nobody in this run has. */
  static freshName(stem: string): string {
    made += 1;
    return `${stem}.${process.pid}.${made}.${Date.now() % 100_000}`.toLowerCase();
  }

  static async register(api: string, displayName: string): Promise<Person> {
    const username = Person.freshName(displayName.split(" ")[0] ?? "p");
    const session = (await call(api, "POST", "/auth/register", { username, password, display_name: displayName })) as { access_token: string; user: { id: string } };
    return new Person(api, session.user.id, username, displayName, session.access_token);
  }

  static async login(api: string, username: string, secret: string): Promise<Person> {
    const session = (await call(api, "POST", "/auth/login", { username, password: secret })) as { access_token: string; user: { id: string; display_name: string } };
    return new Person(api, session.user.id, username, session.user.display_name, session.access_token);
  }

  async befriend(other: Person): Promise<void> {
    const request = (await this.call("POST", "/friends/requests", { user_id: other.id })) as { id: string };
    await other.call("PUT", `/friends/requests/${request.id}`, { action: "accept" });
  }

  async openDirect(other: Person): Promise<string> {
    return ((await this.call("POST", "/chat/rooms/", { kind: "direct", user_id: other.id })) as { id: string }).id;
  }

  async createGroup(name: string, others: readonly Person[]): Promise<string> {
    return ((await this.call("POST", "/chat/rooms/", { kind: "group", name, participant_ids: others.map((person) => person.id) })) as { id: string }).id;
  }

  async send(room: string, text: string): Promise<void> {
    await this.call("POST", `/chat/messages/${room}`, { client_id: crypto.randomUUID(), text });
  }

  async texts(room: string): Promise<readonly string[]> {
    const { items } = (await this.call("GET", `/chat/messages/${room}?limit=100`)) as { items: readonly { text: string }[] };
    return items.map((message) => message.text);
  }

  async readAll(room: string): Promise<void> {
    const { items } = (await this.call("GET", `/chat/messages/${room}?limit=1`)) as { items: readonly { id: string }[] };
    await this.call("POST", `/chat/messages/${items[0]?.id ?? ""}/read`);
  }

  call(method: string, path: string, body?: unknown): Promise<unknown> {
    return call(this.api, method, path, body, this.token);
  }
}

async function call(api: string, method: string, path: string, body?: unknown, token?: string): Promise<unknown> {
  const response = await fetch(`${api}/api/v1${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...(token ? { authorization: `Bearer ${token}` } : {}) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

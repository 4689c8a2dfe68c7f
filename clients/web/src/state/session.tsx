/** The one client of this page, and the session for everything under it. */
import { createContext, useContext, type ReactNode } from "react";
import { createClient, type Client, type Session } from "@kith/client";

const ClientContext = createContext<Client | null>(null);
const SessionContext = createContext<Session | null>(null);

export function newClient(): Client {
  return createClient({ baseUrl: "", deviceName: deviceName() });
}

export function ClientProvider({ client, children }: { readonly client: Client; readonly children: ReactNode }) {
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>;
}

export function SessionProvider({ session, children }: { readonly session: Session; readonly children: ReactNode }) {
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error("outside of a ClientProvider");
  return client;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("outside of a SessionProvider");
  return session;
}

/** "Chrome · Android": enough to know one's own devices by, in any language. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "Browser";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Mac OS/.test(agent) ? "macOS" : /Windows/.test(agent) ? "Windows" : /Linux/.test(agent) ? "Linux" : null;
  return system ? `${browser} · ${system}` : browser;
}

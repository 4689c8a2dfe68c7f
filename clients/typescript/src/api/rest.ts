/** The typed REST client. Calls throw `ApiError`; a call whose token has run out is repeated once with a new one. */

import createClient from "openapi-fetch";

import type { Auth } from "./auth.js";
import { ApiError } from "./error.js";
import { problemOf } from "./problem.js";
import type { paths } from "./schema.js";

export interface RestOptions {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** Left out for the calls that come before a session. */
  readonly auth?: Auth;
}

export type Rest = ReturnType<typeof createRest>;

export function createRest(options: RestOptions) {
  const call = (request: Request): Promise<Response> => authorized(request, options);
  return createClient<paths>({ baseUrl: options.baseUrl, fetch: call });
}

/** The body of a successful answer; those without one are undefined. */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

async function authorized(request: Request, { auth, fetch }: RestOptions): Promise<Response> {
  if (!auth) return succeed(await reach(request, fetch));
  const token = await auth.token();
  const response = await reach(withToken(request.clone(), token), fetch);
  if (response.status !== 401) return succeed(response);
  await auth.refresh(token);
  return succeed(await reach(withToken(request, await auth.token()), fetch));
}

function withToken(request: Request, token: string): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

async function reach(request: Request, fetch: RestOptions["fetch"]): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    throw ApiError.network(error);
  }
}

async function succeed(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw await problemOf(response);
}

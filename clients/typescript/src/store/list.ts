/** The state of a list that is read page by page. */

import type { ApiError } from "../api/error.js";
import type { User } from "../model/user.js";

export type LoadState =
  | { readonly kind: "idle" }
  | { readonly kind: "loading" }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly error: ApiError };

export interface ListState<T> {
  /** What is known already, also while `load` is under way or failed. */
  readonly items: readonly T[];
  readonly load: LoadState;
  readonly hasMore: boolean;
}

export interface SearchState extends ListState<User> {
  /** What `items` answer. */
  readonly query: string;
}

export const emptyList: ListState<never> = { items: [], load: { kind: "idle" }, hasMore: false };

/** The way to the server: a socket of this tab, or that of the tab that leads. */

import type { ConnectionState } from "../model/connection.js";
import type { Store } from "../store/cell.js";
import type { Notice, RequestName, Requests } from "../wire/frames.js";

export interface Link {
  readonly state: Store<ConnectionState>;
  /** Rejects with an `ApiError`: the server's refusal, or `network` when no answer came. */
  request<N extends RequestName>(name: N, frame: Requests[N]["frame"]): Promise<Requests[N]["answer"]>;
  /** Without an answer; lost when there is no connection. */
  notify(notice: Notice): void;
}

/** Reading a room's messages page by page, both ways, and what happened between them. */

import type { RoomId } from "../model/ids.js";
import { History } from "../sync/history.js";
import { failed } from "../sync/loader.js";
import type { Core } from "./core.js";
import type { Messages } from "./messages.js";

/** Fewer than this on the device, and the server is asked for a page at once. */
const SCREENFUL = 30;

type Paging = Pick<Messages, "open" | "loadOlder" | "loadNewer" | "jumpTo" | "jumpToNewest">;

export function createPaging(core: Core): Paging {
  const { world, source, keeper } = core;
  const history = new History(world, source, keeper);

  const page = async (roomId: RoomId, way: "older" | "newer"): Promise<void> => {
    const log = world.log(roomId);
    const { items, hasOlder, hasNewer } = log.shown;
    const edge = way === "older" ? items[0] : items.at(-1);
    const { isLoadingOlder, isLoadingNewer } = log.cell.getSnapshot();
    if (!edge || isLoadingOlder || isLoadingNewer || !(way === "older" ? hasOlder : hasNewer)) return;
    log.setLoading(way);
    try {
      const read = await source.messages(roomId, way === "older" ? { before: edge.seq } : { after: edge.seq });
      // A jump or a reset meanwhile: the page belongs to a stretch that is no longer shown.
      if ((way === "older" ? log.shown.items[0] : log.shown.items.at(-1))?.seq !== edge.seq) return;
      if (way === "older") log.adoptOlder(read);
      else log.adoptNewer(read);
      keeper.paged(roomId, false);
      await history.fill(roomId);
    } finally {
      log.setLoading(null);
    }
  };

  return { ...createOpening(core, history), loadOlder: (roomId) => page(roomId, "older"), loadNewer: (roomId) => page(roomId, "newer") };
}

function createOpening({ world, source, device, keeper }: Core, history: History): Omit<Paging, "loadOlder" | "loadNewer"> {
  const newest = async (roomId: RoomId): Promise<void> => {
    const log = world.log(roomId);
    if (log.tail.items.length === 0) log.setLoad({ kind: "loading" });
    try {
      const read = await source.messages(roomId, {});
      keeper.paged(roomId, !log.adoptNewest(read));
      log.setLoad({ kind: "ready" });
      device.heard(roomId, read.lastSeq);
    } catch (error) {
      log.setLoad(failed(error));
    }
  };

  return {
    open: async (roomId: RoomId): Promise<void> => {
      const log = world.log(roomId);
      await keeper.loadLog(roomId);
      const { items, hasOlder } = log.tail;
      if (items.length >= SCREENFUL || !hasOlder) log.setLoad({ kind: "ready" });
      else await newest(roomId);
      void history.fill(roomId);
      void device.readPositions(roomId);
    },
    jumpTo: async (roomId: RoomId, seq: number): Promise<void> => {
      const log = world.log(roomId);
      await keeper.loadLog(roomId);
      if (log.shown.items.some((message) => message.seq === seq)) return;
      log.showNewest();
      if (log.tail.items.some((message) => message.seq === seq)) return;
      log.adoptAround(await source.messages(roomId, { around: seq }));
      log.setLoad({ kind: "ready" });
      void history.fill(roomId);
    },
    jumpToNewest: async (roomId: RoomId): Promise<void> => {
      const log = world.log(roomId);
      log.showNewest();
      if (log.tail.items.length < SCREENFUL && log.tail.hasOlder) await newest(roomId);
      void history.fill(roomId);
    },
  };
}

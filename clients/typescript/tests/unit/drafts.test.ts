import { describe, expect, it } from "vitest";

import { roomId } from "../../src/model/ids.js";
import { memoryStorage } from "../../src/persist/memory.js";
import { Drafts } from "../../src/store/drafts.js";

const room = roomId("here");

describe("a draft", () => {
  it("comes back in the next process", async () => {
    const storage = memoryStorage();
    const drafts = new Drafts(storage);
    drafts.set(room, "half a sent");
    await drafts.save();

    const next = new Drafts(storage);
    await next.restore();

    expect(next.of(room).getSnapshot()).toBe("half a sent");
  });

  it("is gone from the disk as soon as it was sent, without a word from whoever closes the tab", async () => {
    const storage = memoryStorage();
    const drafts = new Drafts(storage);
    drafts.set(room, "sent at last");
    await drafts.save();

    drafts.set(room, "");

    expect(await storage.drafts()).toEqual(new Map());
  });
});

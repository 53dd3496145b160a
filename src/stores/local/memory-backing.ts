import type { Backing, Cell, Codec, Payloads } from "./backing.ts";

/** A backing in this process: gone when it ends. Its clock cannot be set. */
export function memoryBacking(): Backing {
  const cells = new Map<string, Cell<unknown>>();
  const texts = new Map<string, string>();
  return {
    now: () => performance.now(),
    cell<State>(kind: string, key: readonly string[], codec: Codec<State>): Cell<State> {
      const name = JSON.stringify([kind, ...key]);
      const cell = (cells.get(name) as Cell<State> | undefined) ?? memoryCell(codec.empty());
      cells.set(name, cell as Cell<unknown>);
      return cell;
    },
    payloads: () => memoryPayloads(texts),
  };
}

function memoryCell<State>(empty: State): Cell<State> {
  let state = empty;
  return {
    read: async () => state,
    async update(change) {
      const { result, next } = change(state);
      if (next !== undefined) state = next;
      return result;
    },
  };
}

function memoryPayloads(texts: Map<string, string>): Payloads {
  return {
    async write(name, text) {
      texts.set(name, text);
    },
    read: async (name) => texts.get(name),
    async remove(name) {
      texts.delete(name);
    },
  };
}

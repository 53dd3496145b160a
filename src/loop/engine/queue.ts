/** A first-in first-out list whose both ends cost the same however long it is. */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes up to `count` items from the front. */
  take(count: number): Item[] {
    const taken: Item[] = [];
    while (taken.length < count) {
      const item = this.shift();
      if (item === undefined) break;
      taken.push(item);
    }
    return taken;
  }

  /** Takes the last item for which it is so; looks at all of them. */
  takeLast(isSo: (item: Item) => boolean): Item | undefined {
    const items = this.take(this.length);
    const at = items.findLastIndex(isSo);
    const found = at < 0 ? undefined : items.splice(at, 1)[0];
    this.#items = items;
    this.#head = 0;
    return found;
  }
}

/**
 * The end of a listener or of the emulator, which thousands of waits may look out for: an AbortSignal
 * would warn of a leak at the eleventh.
 */
export interface Ending {
  /** Whether it is over. */
  readonly isOver: boolean;
  /** Calls `cut` once at the end, or at once when it is over; gives what takes `cut` back. */
  add(cut: () => void): () => void;
  /** Ends it. Twice is once. */
  end(): void;
  /** Waits so long, or until the end. True: the time has passed. Leaves no timer behind. */
  wait(delayMs: number): Promise<boolean>;
}

/** Makes an ending that is still to come. */
export function createEnding(): Ending {
  const cuts = new Set<() => void>();
  let isOver = false;
  const add = (cut: () => void): (() => void) => {
    if (isOver) cut();
    else cuts.add(cut);
    return () => void cuts.delete(cut);
  };
  return {
    get isOver() {
      return isOver;
    },
    add,
    end() {
      isOver = true;
      for (const cut of cuts) cut();
      cuts.clear();
    },
    wait: (delayMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(
          () => {
            remove();
            resolve(true);
          },
          Math.min(delayMs, 2 ** 31 - 1),
        );
        // What is repeated for ever, such as a liveness check, keeps no process alive. Off Node it is a number.
        (timer as { unref?: () => void }).unref?.();
        const remove = add(() => {
          clearTimeout(timer);
          resolve(false);
        });
      }),
  };
}

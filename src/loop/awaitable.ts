/** What can be awaited for its end, and stops at the end of an `await using` block. */
export abstract class Awaitable<Value> implements Promise<Value>, AsyncDisposable {
  /** What `Object.prototype.toString` says it is. */
  abstract readonly [Symbol.toStringTag]: string;
  /** Its end. */
  protected abstract readonly ended: Promise<Value>;

  /** Asks it to end; resolves like itself. */
  abstract stop(): Promise<Value>;

  /** Makes it awaitable. */
  // biome-ignore lint/suspicious/noThenProperty: a run is awaited by design, DESIGN section 3.
  then<Result1 = Value, Result2 = never>(
    onFulfilled?: ((value: Value) => Result1 | PromiseLike<Result1>) | null,
    onRejected?: ((reason: unknown) => Result2 | PromiseLike<Result2>) | null,
  ): Promise<Result1 | Result2> {
    return this.ended.then(onFulfilled, onRejected);
  }

  /** Gets what halted it. */
  catch<Result = never>(
    onRejected?: ((reason: unknown) => Result | PromiseLike<Result>) | null,
  ): Promise<Value | Result> {
    return this.ended.catch(onRejected);
  }

  /** Called when it has ended, however that was. */
  finally(onFinally?: (() => void) | null): Promise<Value> {
    return this.ended.finally(onFinally);
  }

  /** Stops it at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

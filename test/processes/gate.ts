import { connect, createServer, type Socket } from "node:net";

/** A way to a server that can be shut: for processes the server is away, while it runs on. */
export interface Gate {
  readonly port: number;
  /** Cuts every connection, and refuses new ones. */
  shut(): void;
  /** Lets connections through again. */
  open(): void;
  close(): Promise<void>;
}

/** Opens a gate before a port of 127.0.0.1. */
export async function openGate(target: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  let isShut = false;

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    return socket;
  }
  function shut(): void {
    isShut = true;
    for (const socket of sockets) socket.resetAndDestroy();
  }

  const server = createServer((incoming) => {
    keep(incoming);
    if (isShut) {
      incoming.resetAndDestroy();
      return;
    }
    const outgoing = keep(connect(target, "127.0.0.1"));
    incoming.pipe(outgoing).pipe(incoming);
    incoming.once("close", () => outgoing.destroy());
    outgoing.once("close", () => incoming.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    shut,
    open: () => {
      isShut = false;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      shut();
      await closed;
    },
  };
}

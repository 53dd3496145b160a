import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const text = readFileSync(new URL("../../examples/compose.yaml", import.meta.url), "utf8");
const { services, volumes } = parse(text, { strict: true }) as Compose;

it("the compose file has a NATS server with JetStream on disk, and PostgreSQL", () => {
  const { nats, postgres } = services;

  expect(Object.keys(services)).toEqual(["nats", "postgres"]);
  expect(nats?.command).toEqual(["--jetstream", "--store_dir", "/data"]);
  expect(nats?.volumes).toEqual(["nats:/data"]);
  expect(postgres?.volumes).toEqual(["postgres:/var/lib/postgresql/data"]);
});

it.each(Object.entries(services))(
  "%s of the compose file is a plain image, heard on this machine alone, with a volume that is there",
  (_, { image, ports, volumes: used }) => {
    expect(image).toMatch(/^[a-z]+:\d+(\.\d+)?$/);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
    for (const volume of used) expect(Object.keys(volumes)).toContain(volume.split(":")[0]);
  },
);

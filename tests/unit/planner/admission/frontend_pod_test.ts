/** The port rule and the body of a post (P59, C430–C434). @module */

import { deepStrictEqual, strictEqual } from "node:assert";
import fc from "fast-check";
import {
  busyThreshold,
  frontendAddress,
  frontendPort,
  type NamedPort,
} from "../../../../planner/admission/mod.ts";

const PORTS: readonly [string, readonly NamedPort[], number][] = [
  ["8000", [{ name: "http", containerPort: 8000 }], 8000],
  ["8443", [{ name: "http", containerPort: 8443 }], 8443],
  [
    "one among several",
    [
      { name: "grpc", containerPort: 9000 },
      { name: "http", containerPort: 8080 },
      { name: "http", containerPort: 1 },
    ],
    8080,
  ],
  ["a number as a text", [{ name: "http", containerPort: "8081" }], 8081],
  ["the fallback without a named port", [{ containerPort: 9 }], 7000],
  ["the fallback without ports", [], 7000],
  [
    "the fallback for nonsense",
    [{ name: "http", containerPort: "80 80" }],
    7000,
  ],
  [
    "the fallback beyond the range",
    [{ name: "http", containerPort: 70000 }],
    7000,
  ],
  ["the fallback for no number", [{ name: "http", containerPort: null }], 7000],
  [
    "the fallback for a fraction",
    [{ name: "http", containerPort: 80.5 }],
    7000,
  ],
];
for (const [what, ports, port] of PORTS) {
  Deno.test(`the port is ${what}`, () => {
    strictEqual(frontendPort({ ports }, 7000), port);
  });
}

Deno.test("the address is the pod's IP, also of version 6, and nothing else", () => {
  const at = (ip: string | undefined) =>
    frontendAddress({ name: "f", ip, ports: [] }, 8000)?.href;
  strictEqual(at("10.1.2.3"), "http://10.1.2.3:8000/busy_threshold");
  strictEqual(at("fd00::1"), "http://[fd00::1]:8000/busy_threshold");
  for (
    const ip of [
      undefined,
      "",
      "evil.example",
      "10.1.2.3/x?",
      "1.2.3.4:9",
      "::x",
      "999.1.1.1",
    ]
  ) strictEqual(at(ip), undefined, String(ip));
});

Deno.test("what is unknown is left out, the model never is", () => {
  deepStrictEqual(
    busyThreshold("m", {
      setThetaDecode: 0.8,
      setThetaPrefill: 0.65,
      setPrefillTokens: 5325,
    }),
    {
      model: "m",
      active_decode_blocks_threshold: 0.8,
      active_prefill_tokens_threshold_frac: 0.65,
      active_prefill_tokens_threshold: 5325,
    },
  );
  deepStrictEqual(
    busyThreshold("m", {
      setThetaDecode: undefined,
      setThetaPrefill: 0.65,
      setPrefillTokens: undefined,
    }),
    { model: "m", active_prefill_tokens_threshold_frac: 0.65 },
  );
});

Deno.test("a body sets something within 0…1 or is none", () => {
  const number = fc.option(fc.double(), { nil: undefined });
  fc.assert(fc.property(number, number, number, (decode, prefill, tokens) => {
    const body = busyThreshold("m", {
      setThetaDecode: decode,
      setThetaPrefill: prefill,
      setPrefillTokens: tokens,
    });
    if (!body) return;
    const { model, ...fields } = body;
    strictEqual(model, "m");
    strictEqual(Object.keys(fields).length > 0, true);
    for (const value of Object.values(fields)) {
      strictEqual(Number.isFinite(value) && value >= 0, true, String(value));
    }
    strictEqual((body.active_decode_blocks_threshold ?? 0) <= 1, true);
  }));
});

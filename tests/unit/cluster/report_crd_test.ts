/** The CRD against the code that writes and reads its objects. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { parse } from "yaml";
import {
  REPORT_GROUP,
  REPORT_KIND,
  REPORT_RESOURCE,
  REPORT_VERSION,
} from "../../../cluster/contract.ts";
import {
  ENFORCEMENT_STATES,
  GATE_STATES,
  OCCUPANCIES,
} from "../../../cluster/node_power_report.ts";
import {
  decodeNodePowerReport,
  encodeNodePowerReport,
} from "../../../cluster/report_codec.ts";
import { anyReport } from "./report_arbitrary.ts";

const CRD = parse(
  Deno.readTextFileSync(
    new URL(
      "../../../deploy/base/crd/nodepowerreports.yaml",
      import.meta.url,
    ),
  ),
);
const [version] = CRD.spec.versions;
const schema = version.schema.openAPIV3Schema;
const { status } = schema.properties;
const gpu = status.properties.gpus.items;

Deno.test("the CRD has the contract's names", () => {
  strictEqual(CRD.spec.group, REPORT_GROUP);
  strictEqual(CRD.spec.names.kind, REPORT_KIND);
  strictEqual(CRD.spec.names.plural, REPORT_RESOURCE);
  strictEqual(CRD.metadata.name, `${REPORT_RESOURCE}.${REPORT_GROUP}`);
  strictEqual(version.name, REPORT_VERSION);
  strictEqual(CRD.spec.scope, "Cluster");
  deepStrictEqual(version.subresources, { status: {} });
});

Deno.test("the CRD knows each word that a report may say", () => {
  deepStrictEqual(gpu.properties.state.enum, [...ENFORCEMENT_STATES]);
  deepStrictEqual(gpu.properties.gate.enum, [...GATE_STATES]);
  deepStrictEqual(gpu.properties.occupancy.enum, [...OCCUPANCIES]);
});

Deno.test("every text, number and list of the CRD is bounded", () => {
  const unbounded: string[] = [];
  const visit = (at: Record<string, unknown>, path: string) => {
    const bound = {
      string: at["maxLength"] ?? at["enum"],
      number: at["maximum"],
      integer: at["maximum"],
      array: at["maxItems"],
      object: at["properties"],
      boolean: true,
    }[String(at["type"])];
    if (bound === undefined) unbounded.push(path);
    const { properties, items } = at;
    if (isRecord(properties)) {
      for (const [name, value] of Object.entries(properties)) {
        if (isRecord(value)) visit(value, `${path}.${name}`);
      }
    }
    if (isRecord(items)) visit(items, `${path}[]`);
  };
  visit(schema, "");
  deepStrictEqual(unbounded, []);
});

const validate = new Ajv2020({ strict: false, validateFormats: false })
  .compile(schema);

Deno.test("whatever an agent can report, the CRD takes, and the reader reads", () => {
  fc.assert(fc.property(anyReport, (report) => {
    const object = JSON.parse(JSON.stringify(encodeNodePowerReport(report)));
    ok(validate(object), JSON.stringify(validate.errors));
    const reading = decodeNodePowerReport(object);
    ok(reading.kind === "report", JSON.stringify(reading));
    deepStrictEqual(
      JSON.parse(JSON.stringify(reading.report)),
      JSON.parse(JSON.stringify(report)),
    );
  }));
});

Deno.test("every field of a report is in the CRD, and none of the CRD's is unknown to the writer", () => {
  const written = new Set<string>();
  fc.assert(fc.property(anyReport, (report) => {
    const { status } = encodeNodePowerReport(report);
    for (const name of Object.keys(status)) written.add(name);
    if (!Array.isArray(status["gpus"])) return;
    for (const one of status["gpus"]) {
      for (const name of Object.keys(one)) written.add(`gpus.${name}`);
    }
  }));
  deepStrictEqual(
    [...written].sort(),
    [
      ...Object.keys(status.properties),
      ...Object.keys(gpu.properties).map((name) => `gpus.${name}`),
    ].sort(),
  );
});

Deno.test("what the reader must have, the CRD demands", () => {
  fc.assert(fc.property(
    anyReport.filter(({ gpus }) => gpus.length > 0),
    fc.constantFrom(
      ...status.required.map((name: string) => ["status", name]),
      ...gpu.required.map((name: string) => ["status", "gpus", "0", name]),
    ),
    (report, path: string[]) => {
      const object = JSON.parse(JSON.stringify(encodeNodePowerReport(report)));
      const last = path.at(-1) ?? "";
      let at = object;
      for (const key of path.slice(0, -1)) at = at[key];
      delete at[last];
      strictEqual(decodeNodePowerReport(object).kind, "malformed", last);
      strictEqual(validate(object), false, last);
    },
  ));
});

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

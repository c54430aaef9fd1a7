/** Checks the names of an expression at load time and evaluates it for one tick. Not a program: it always ends. @module */

import { didYouMean } from "../../../service/mod.ts";
import { isSnapshotField, SNAPSHOT_NAMES } from "../snapshot.ts";
import { ExpressionError } from "./tokens.ts";
import { type Node, parseExpression } from "./tree.ts";

/** A value; null is unknown and makes everything that it touches unknown. */
export type Value = number | string | boolean | null;

/** What an expression can ask for. `tick` is the tick that it is evaluated at. */
export interface Surroundings {
  readonly tick: number;
  /** Ticks recorded. */
  readonly ticks: number;
  /** @param tick may be outside the run: then unknown */
  field(name: string, tick: number): Value;
  /** A field of the configuration in force at a tick, by its name in the file. */
  planner(name: string, tick: number): Value;
  /** Growth of a counter within a tick. */
  growth(name: string, tick: number): Value;
}

/** A checked expression. */
export interface Expression {
  readonly text: string;
  readonly tree: Node;
}

/** Names by which the configuration and counters are reached. */
const ROOTS = ["planner", "prev", "counters", "growth"] as const;

/** Functions, and how many inputs they take. */
const FUNCTIONS: Readonly<
  Record<string, readonly [least: number, most: number]>
> = {
  abs: [1, 1],
  min: [1, 20],
  max: [1, 20],
  len: [1, 1],
  /** `at(n_d, 45)`: a field at another tick. */
  at: [2, 2],
  /** Least and greatest of a field from one tick to another. */
  lowest: [3, 3],
  highest: [3, 3],
};

const OF_FIELD = new Set(["at", "lowest", "highest"]);

/**
 * Parses and checks every name.
 *
 * @param isPlannerField whether the configuration has such a field
 * @throws {ExpressionError}
 */
export function expressionOf(
  text: string,
  isPlannerField: (name: string) => boolean,
): Expression {
  const tree = parseExpression(text);
  check(tree, isPlannerField);
  return { text, tree };
}

function check(node: Node, isPlannerField: (name: string) => boolean): void {
  switch (node.kind) {
    case "literal":
      return;
    case "not":
    case "minus":
      return check(node.of, isPlannerField);
    case "binary":
      check(node.left, isPlannerField);
      return check(node.right, isPlannerField);
    case "call":
      return checkCall(node, isPlannerField);
    case "name":
      return checkName(node, isPlannerField);
  }
}

function checkCall(
  { name, inputs, at }: Extract<Node, { kind: "call" }>,
  isPlannerField: (name: string) => boolean,
): void {
  const counts = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!counts) {
    const near = didYouMean(name, Object.keys(FUNCTIONS));
    throw new ExpressionError(`There is no function "${name}".${near}`, at);
  }
  const [least, most] = counts;
  if (inputs.length < least || inputs.length > most) {
    throw new ExpressionError(
      `"${name}" takes ${
        least === most ? least : `${least} to ${most}`
      } inputs, and has ${inputs.length}.`,
      at,
    );
  }
  const [first] = inputs;
  if (OF_FIELD.has(name) && (first?.kind !== "name" || first.path.length > 1)) {
    throw new ExpressionError(`"${name}" begins with the name of a field.`, at);
  }
  for (const input of inputs) check(input, isPlannerField);
}

function checkName(
  { path, at }: Extract<Node, { kind: "name" }>,
  isPlannerField: (name: string) => boolean,
): void {
  const [root = "", field] = path;
  if (path.length === 1 && isSnapshotField(root)) return;
  if (path.length === 2 && field !== undefined) {
    if (root === "planner") {
      if (isPlannerField(field)) return;
      throw new ExpressionError(
        `The planner's configuration has no number "${field}".`,
        at,
      );
    }
    if (ROOTS.some((known) => known === root)) {
      if (isSnapshotField(field)) return;
      const near = didYouMean(field, SNAPSHOT_NAMES);
      throw new ExpressionError(`There is no field "${field}".${near}`, at);
    }
  }
  const near = didYouMean(path.join("."), [...SNAPSHOT_NAMES, ...ROOTS]);
  throw new ExpressionError(`There is no "${path.join(".")}".${near}`, at);
}

/** Evaluates for one tick. */
export function evaluate(
  { tree }: Expression,
  surroundings: Surroundings,
): Value {
  return valueOf(tree, surroundings);
}

function valueOf(node: Node, around: Surroundings): Value {
  switch (node.kind) {
    case "literal":
      return node.value;
    case "name":
      return named(node.path, around);
    case "not": {
      const value = valueOf(node.of, around);
      return value === null ? null : !isTrue(value);
    }
    case "minus": {
      const value = numberOf(valueOf(node.of, around));
      return value === null ? null : -value;
    }
    case "call":
      return called(node, around);
    case "binary":
      return binary(node, around);
  }
}

function named([root = "", field]: readonly string[], around: Surroundings) {
  const { tick } = around;
  if (field === undefined) return around.field(root, tick);
  switch (root) {
    case "planner":
      return around.planner(field, tick);
    case "prev":
      return around.field(field, tick - 1);
    case "growth":
      return around.growth(field, tick);
    default:
      return around.field(field, tick);
  }
}

function called(
  { name, inputs }: Extract<Node, { kind: "call" }>,
  around: Surroundings,
): Value {
  const [first, ...rest] = inputs;
  if (OF_FIELD.has(name) && first?.kind === "name") {
    const [from, to = from] = rest.map((input) =>
      numberOf(valueOf(input, around))
    );
    if (from === null || from === undefined) return null;
    if (to === null || to === undefined) return null;
    const field = first.path[0] ?? "";
    if (name === "at") return around.field(field, from);
    const values: number[] = [];
    for (
      let tick = Math.max(0, from);
      tick <= Math.min(to, around.ticks - 1);
      tick++
    ) {
      const value = numberOf(around.field(field, tick));
      if (value !== null) values.push(value);
    }
    if (values.length === 0) return null;
    return name === "lowest" ? Math.min(...values) : Math.max(...values);
  }
  const values = inputs.map((input) => valueOf(input, around));
  if (name === "len") {
    const [value] = values;
    return typeof value === "string"
      ? value === "" ? 0 : value.split(",").length
      : null;
  }
  const numbers = values.map(numberOf);
  if (numbers.includes(null)) return null;
  const known = numbers.map((value) => value ?? 0);
  switch (name) {
    case "abs":
      return Math.abs(known[0] ?? 0);
    case "min":
      return Math.min(...known);
    default:
      return Math.max(...known);
  }
}

function binary(
  { sign, left, right }: Extract<Node, { kind: "binary" }>,
  around: Surroundings,
): Value {
  const a = valueOf(left, around);
  if (sign === "and" && a !== null && !isTrue(a)) return false;
  if (sign === "or" && a !== null && isTrue(a)) return true;
  const b = valueOf(right, around);
  if (sign === "and" || sign === "or") {
    if (b !== null && isTrue(b) === (sign === "or")) return sign === "or";
    return a === null || b === null ? null : isTrue(b);
  }
  if (a === null || b === null) return null;
  if (sign === "==" || sign === "!=") return equal(a, b) === (sign === "==");
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x === null || y === null) return null;
  switch (sign) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      return y === 0 ? null : x / y;
    case "%":
      return y === 0 ? null : x % y;
    case "<":
      return x < y;
    case "<=":
      return x <= y;
    case ">":
      return x > y;
    default:
      return x >= y;
  }
}

/** Relative tolerance of `==` between numbers. */
const SAME = 1e-6;

/** Numbers are equal to a millionth; a truth is equal to 1 or 0. */
export function equal(a: Value, b: Value): boolean {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x === null || y === null) return a === b;
  return Math.abs(x - y) <= SAME * Math.max(Math.abs(x), Math.abs(y));
}

/** Truths count 1 and 0; a text is no number. */
export function numberOf(value: Value): number | null {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function isTrue(value: Exclude<Value, null>): boolean {
  return value !== false && value !== 0 && value !== "";
}

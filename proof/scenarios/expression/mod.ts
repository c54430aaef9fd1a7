/** Expressions over recorded ticks: parsed, checked and evaluated without running anybody's code. @module */

export {
  equal,
  evaluate,
  type Expression,
  expressionOf,
  numberOf,
  type Surroundings,
  type Value,
} from "./evaluate.ts";
export { ExpressionError } from "./tokens.ts";

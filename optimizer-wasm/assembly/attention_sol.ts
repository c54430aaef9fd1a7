/** Speed of light at a point of a grid, in the axis order of its table (`aic-engine.md` §2.2, §4). */

import {
  contextMlaSol,
  contextSol,
  generationMlaModuleSol,
  generationMlaSol,
  generationSol,
  quantizeSol,
} from "./sol";
import { Kind, Op } from "./op";

/**
 * Context tables run over (heads, full length, batch), generation tables over (heads, batch,
 * length), quantisation tables over (0, m, k).
 */
export function attentionSol(op: Op, c0: f64, c1: f64, c2: f64): f64 {
  switch (op.kind) {
    case Kind.CONTEXT_ATTENTION:
      return contextSol(op, c0, c1, 0.0, c2);
    case Kind.CONTEXT_MLA:
      return contextMlaSol(op, c0, c1, 0.0, c2);
    case Kind.GENERATION_MLA:
      return generationMlaSol(op, c0, c1, c2);
    case Kind.GENERATION_MLA_MODULE:
      return generationMlaModuleSol(op, c0, c1, c2);
    case Kind.QUANTIZE:
      return quantizeSol(op.elementBytes, c1, c2);
    default:
      return generationSol(op, c0, c1, c2);
  }
}

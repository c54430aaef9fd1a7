/** Power curves refined from live points (R17). @module */

export {
  type CurveFile,
  curveFile,
  parseCurveFile,
  type RefinedCurve,
} from "./curve_file.ts";
export { fitCurve, type FittedCurve, type FittedPhase } from "./fit_curve.ts";
export {
  type LivePoint,
  parseLivePoint,
  readLivePoints,
} from "./live_points.ts";

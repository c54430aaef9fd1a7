/** Robust linear regression: least absolute deviations by iteratively reweighted least squares. @module */

/** Columns of a linear model. */
export interface LinearProblem {
  /** Row by row, `width` values each. */
  readonly features: Float64Array;
  readonly width: number;
  readonly target: Float64Array;
  /** What a unit of error of a row costs. */
  readonly weights: Float64Array;
}

const ITERATIONS = 40;
/** Residual, in units of cost, below which a row counts as met. */
const SMALLEST = 1e-3;
/** Keeps the system solvable where a feature does not vary. */
const RIDGE = 1e-6;

/** Coefficients with the least weighted sum of absolute errors; the same for the same input. */
export function leastAbsolute(problem: LinearProblem): number[] {
  const { features, width, target, weights } = problem;
  let solution = new Array<number>(width).fill(0);
  const pull = Float64Array.from(weights, (weight) => weight * weight);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const before = solution;
    solution = solve(normalEquations(problem, pull), width);
    for (let row = 0; row < target.length; row++) {
      let value = 0;
      for (let i = 0; i < width; i++) {
        value += (solution[i] ?? 0) * (features[row * width + i] ?? 0);
      }
      const weight = weights[row] ?? 0;
      const error = Math.abs(value - (target[row] ?? 0)) * weight;
      pull[row] = weight * weight / Math.max(error, SMALLEST);
    }
    if (solution.every((it, i) => Math.abs(it - (before[i] ?? 0)) < 1e-7)) {
      break;
    }
  }
  return solution;
}

/** XᵀWX beside XᵀWy, `width` rows of `width + 1`. */
function normalEquations(
  { features, width, target }: LinearProblem,
  pull: Float64Array,
): Float64Array {
  const columns = width + 1;
  const matrix = new Float64Array(width * columns);
  let total = 0;
  for (let row = 0; row < target.length; row++) {
    const weight = pull[row] ?? 0;
    total += weight;
    const at = row * width;
    for (let i = 0; i < width; i++) {
      const scaled = weight * (features[at + i] ?? 0);
      for (let j = 0; j <= i; j++) {
        matrix[i * columns + j]! += scaled * (features[at + j] ?? 0);
      }
      matrix[i * columns + width]! += scaled * (target[row] ?? 0);
    }
  }
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) {
      matrix[j * columns + i] = matrix[i * columns + j] ?? 0;
    }
    matrix[i * columns + i]! += RIDGE * total;
  }
  return matrix;
}

/** Gauss–Jordan with row pivoting. */
function solve(matrix: Float64Array, width: number): number[] {
  const columns = width + 1;
  const at = (i: number, j: number) => matrix[i * columns + j] ?? 0;
  for (let pivot = 0; pivot < width; pivot++) {
    let best = pivot;
    for (let i = pivot + 1; i < width; i++) {
      if (Math.abs(at(i, pivot)) > Math.abs(at(best, pivot))) best = i;
    }
    for (let j = 0; j < columns; j++) {
      const swap = at(pivot, j);
      matrix[pivot * columns + j] = at(best, j);
      matrix[best * columns + j] = swap;
    }
    const scale = at(pivot, pivot);
    if (scale === 0) continue;
    for (let j = 0; j < columns; j++) matrix[pivot * columns + j]! /= scale;
    for (let i = 0; i < width; i++) {
      const factor = at(i, pivot);
      if (i === pivot || factor === 0) continue;
      for (let j = 0; j < columns; j++) {
        matrix[i * columns + j]! -= factor * at(pivot, j);
      }
    }
  }
  return Array.from({ length: width }, (_, i) => at(i, width));
}

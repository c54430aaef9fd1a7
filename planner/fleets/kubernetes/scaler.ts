/** How the replicas of one component are set. @module */

/** What an autoscaler's `scaleTargetRef` may name for a component. */
export interface ScaleTarget {
  /** Group of the `apiVersion`; empty for the core group. */
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

interface ScalerBase {
  /** Objects through which somebody else could scale the same. */
  readonly targets: readonly ScaleTarget[];
}

/** One way to set replicas. */
export type Scaler =
  /** Through a `scale` subresource: an adapter's (P97, P99) or a workload's. */
  | ScalerBase & {
    readonly kind: "subresource";
    /** Path of the object. */
    readonly path: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly replicas: number | undefined;
    /** Who has set the replicas last, as the API server notes it. */
    readonly setBy: string | undefined;
    /** What to patch when the subresource is not there (P98); absent: nothing (P99). */
    readonly fallback?: SpecPatch;
  }
  /** Through a JSON patch of the deployment (P98, P99). */
  | ScalerBase & {
    readonly kind: "patch";
    readonly replicas: number | undefined;
    readonly setBy: string | undefined;
    readonly patch: SpecPatch;
    readonly resourceVersion: string;
  }
  /** It cannot be scaled now, and why. */
  | ScalerBase & { readonly kind: "none"; readonly reason: string };

/** Where in a deployment's spec the replicas of a component stand. */
export interface SpecPatch {
  /** Path of the deployment in the API. */
  readonly path: string;
  readonly resourceVersion: string;
  /** JSON pointer of the component. */
  readonly pointer: string;
  /** The component as read: the patch tests that it still is that. */
  readonly found: unknown;
}

/** Escapes a name for a JSON pointer (RFC 6901). */
export function pointerPart(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

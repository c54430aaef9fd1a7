/** Keys and certificates of one test cluster. @module */

import {
  Authority,
  type Certificate,
} from "../integration/cluster/certificates.ts";

/** What the servers and the administrator prove themselves with. */
export interface ClusterCredentials {
  readonly ca: string;
  readonly server: Certificate;
  /** Of a member of `system:masters`, whom RBAC does not bind. */
  readonly admin: Certificate;
  /** Signs service account tokens. */
  readonly accountKey: { readonly privatePem: string; publicPem: string };
}

/** Makes all of them new. */
export async function makeCredentials(): Promise<ClusterCredentials> {
  await using authority = await Authority.make();
  const [ca, server, admin, accountKey] = await Promise.all([
    authority.certificate(),
    authority.sign("kube-apiserver"),
    authority.sign("admin/O=system:masters"),
    makeAccountKey(),
  ]);
  return { ca, server, admin, accountKey };
}

async function makeAccountKey() {
  const pair = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  return {
    privatePem: pem(
      "PRIVATE KEY",
      await crypto.subtle.exportKey("pkcs8", pair.privateKey),
    ),
    publicPem: pem(
      "PUBLIC KEY",
      await crypto.subtle.exportKey("spki", pair.publicKey),
    ),
  };
}

function pem(label: string, der: ArrayBuffer): string {
  const lines = new Uint8Array(der).toBase64().match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""]
    .join("\n");
}

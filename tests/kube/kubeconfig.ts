/** An endpoint → the kubeconfig file that `kubectl` would write for it. @module */

import { stringify } from "yaml";
import type { Endpoint } from "../../cluster/mod.ts";

/** @returns YAML text with everything in it: certificates, keys, the token of now */
export async function kubeconfigText(endpoint: Endpoint): Promise<string> {
  const base64 = (text: string) => new TextEncoder().encode(text).toBase64();
  const { clientCertificate } = endpoint;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: "test",
      cluster: {
        server: endpoint.server.href.replace(/\/$/, ""),
        "certificate-authority-data": base64(
          endpoint.caCertificates.join("\n"),
        ),
      },
    }],
    users: [{
      name: "test",
      user: {
        ...(clientCertificate && {
          "client-certificate-data": base64(clientCertificate.certificate),
          "client-key-data": base64(clientCertificate.key),
        }),
        ...(endpoint.token && { token: await endpoint.token() }),
      },
    }],
    contexts: [{
      name: "test",
      context: { cluster: "test", user: "test", namespace: endpoint.namespace },
    }],
    "current-context": "test",
  }, { lineWidth: 0 });
}

/**
 * Is a variable that begins with `REGISTRY_` none of registry:2's, but set by something else?
 *
 * - Kubernetes sets variables for each Service of a pod's namespace, and one is often called registry, or registry-auth:
 *   `REGISTRY_PORT=tcp://10.0.0.1:5000`, `REGISTRY_SERVICE_HOST`, `REGISTRY_AUTH_PORT_5001_TCP_ADDR`. So do Docker's links.
 * - podman, skopeo and buildah take `REGISTRY_AUTH_FILE`, the file with their credentials.
 *
 * Sources: Kubernetes v1.34, "Discovering services"; containers-auth.json(5).
 */
export function isForeignVariable(name: string, value: string): boolean {
  if (name === "REGISTRY_AUTH_FILE") return true;
  if (/_SERVICE_(?:HOST|PORT)(?:_\w+)?$/.test(name)) return true;
  if (/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(name)) return true;
  return name.endsWith("_PORT") && /^(?:tcp|udp|sctp):\/\//.test(value);
}

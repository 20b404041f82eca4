import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatLocation, type Location, parseLocation } from "./location.ts";

const cases: readonly [string, string][] = [
  ["nginx", "docker://docker.io/library/nginx:latest"],
  ["localhost:5000/app:1", "docker://localhost:5000/app:1"],
  ["docker://quay.io/coreos/etcd:v3", "docker://quay.io/coreos/etcd:v3"],
  ["docker-daemon:app", "docker-daemon:app:latest"],
  ["docker-daemon:localhost:5000/app:1", "docker-daemon:localhost:5000/app:1"],
  ["containers-storage:app", "containers-storage:app:latest"],
  ["containers-storage:[overlay@/a+/b]quay.io/x:1", "containers-storage:[overlay@/a+/b]quay.io/x:1"],
  ["containers-storage:@0123456789abcdef", "containers-storage:0123456789abcdef"],
  ["docker-archive:/tmp/a.tar", "docker-archive:/tmp/a.tar"],
  ["docker-archive:/tmp/a.tar:app:1", "docker-archive:/tmp/a.tar:app:1"],
  ["docker-archive:-", "docker-archive:-"],
  ["oci:dir:localhost/app:1", "oci:dir:localhost/app:1"],
  ["oci-archive:a.tar.gz:@0", "oci-archive:a.tar.gz:@0"],
  ["dir:/tmp/x:y", "dir:/tmp/x:y"],
];

for (const [text, full] of cases) {
  test(`${text} means ${full}`, () => expect(formatLocation(parseLocation(text))).toBe(full));
}

const wrong: readonly [string, RegExp][] = [
  ["sif:app", /transport "sif" is not known; write one of docker:\/\//],
  ["containers-storage:", /name is missing/],
  ["docker-deamon:alpine:3", /transport "docker-deamon" is not known/],
  ["tar:/tmp/a.tar", /transport "tar" is not known/],
  ["https://quay.io/x", /transport "https" is not known/],
  ["docker:nginx", /write docker:\/\/NAME/],
  ["docker-archive:", /path is missing/],
  ["oci:dir:", /must follow the last colon/],
  ["docker-daemon:", /name is missing/],
  ["docker-daemon:UPPER", /not valid/],
  ["", /not valid/],
];

for (const [text, message] of wrong) {
  test(`${JSON.stringify(text)} is refused`, () => expect(() => parseLocation(text)).toThrow(message));
}

const path = fc.stringMatching(/^[\w./-]{1,20}$/);
const label = fc.option(fc.stringMatching(/^[a-z][a-z0-9]{0,8}(?::[a-z0-9]{1,5})?$/), { nil: null });
const location: fc.Arbitrary<Location> = fc.oneof(
  fc.record({ kind: fc.constantFrom("docker-archive", "oci-archive", "oci-layout"), path, label }),
  fc.record({ kind: fc.constant("directory" as const), path }),
);

test("what formatLocation prints, parseLocation reads as the same location", () => {
  fc.assert(fc.property(location, (one) => expect(parseLocation(formatLocation(one))).toEqual(one)));
});

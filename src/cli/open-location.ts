import { archiveSink } from "../images/archive/archive-sink.ts";
import { fileTarget, streamTarget } from "../images/archive/archive-target.ts";
import { openContainerStorage } from "../images/engine/container-storage.ts";
import { openDaemonSink, openDaemonSource } from "../images/engine/daemon-images.ts";
import { openDirectorySink } from "../images/directory/directory-sink.ts";
import { openDirectorySource } from "../images/directory/directory-source.ts";
import { openDirectoryTree } from "../images/files/directory-tree.ts";
import { openDockerArchiveSource } from "../images/docker-archive/docker-archive-source.ts";
import { EngineClient } from "../images/engine/engine-client.ts";
import { findEngine } from "../images/engine/engine-endpoint.ts";
import type { FileTree } from "../images/files/file-tree.ts";
import type { ImageSink } from "../images/image-sink.ts";
import type { ImageSource } from "../images/image-source.ts";
import { layoutSink } from "../images/layout/layout-sink.ts";
import { openLayoutSource } from "../images/layout/layout-source.ts";
import { formatLocation, type Location, type SourceLocation, STANDARD_STREAM } from "../images/location.ts";
import { openArchiveFile, openArchiveStream } from "../images/archive/open-archive.ts";
import { registrySink } from "../images/registry/registry-sink.ts";
import { registrySource } from "../images/registry/registry-source.ts";
import { sourceOverTree } from "../images/files/source-over-tree.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import type { Environment } from "../upstream/auth/docker-config.ts";
import { connectRegistry } from "../remote/connect-registry.ts";
import { spoolDirectory } from "./spool-directory.ts";
import { type RegistrySide, targetOfName } from "../remote/registry-side.ts";

/** What opening a location needs of the process. */
export type LocationContext = {
  readonly environment: Environment;
  readonly signal: AbortSignal;
  /** What the file `-` reads; what it writes to, which resolves when all was taken. */
  readonly standardInput: () => AsyncIterable<Uint8Array>;
  readonly standardOutput: (pieces: AsyncIterable<Uint8Array>) => Promise<void>;
};

/** Opens the images of a location. `side` matters for registries. */
export async function openSource(
  location: SourceLocation,
  side: RegistrySide,
  context: LocationContext,
): Promise<ImageSource> {
  const { environment, signal } = context;
  const text = formatLocation(location);
  switch (location.kind) {
    case "registry": {
      const target = await targetOfName(location.reference.namespace, side, environment);
      return registrySource(await connectRegistry(target, signal), location.reference, signal);
    }
    case "daemon": {
      const engine = new EngineClient(await findEngine(environment), signal);
      return openDaemonSource(engine, location.name, text, { directory: spoolDirectory(environment), signal });
    }
    case "storage": {
      const spool = { directory: spoolDirectory(environment), signal };
      const storage = openContainerStorage(location, spool, environment["PATH"] ?? "");
      return openDaemonSource(storage, location.name, text, spool);
    }
    case "directory":
      return openDirectorySource(await openDirectoryTree(location.path, text));
    case "oci-layout":
      return openLayoutSource(await openDirectoryTree(location.path, text), location.label);
    case "oci-archive":
      return sourceOverTree(await openArchive(location.path, text, context), (tree) =>
        openLayoutSource(tree, location.label),
      );
    case "archive":
    case "docker-archive":
      return sourceOverTree(await openArchive(location.path, text, context), (tree) =>
        openDockerArchiveSource(tree, location.label),
      );
    default:
      return location satisfies never;
  }
}

/**
 * Opens a location to put images into. `mountFrom` is the repository of the same registry that they come from; null
 * when they come from elsewhere.
 */
export async function openSink(
  location: Location,
  side: RegistrySide,
  mountFrom: RepositoryPath | null,
  context: LocationContext,
): Promise<ImageSink> {
  const { environment, signal } = context;
  const text = formatLocation(location);
  switch (location.kind) {
    case "registry": {
      const target = await targetOfName(location.reference.namespace, side, environment);
      return registrySink(await connectRegistry(target, signal), location.reference, mountFrom, signal);
    }
    case "daemon": {
      const engine = new EngineClient(await findEngine(environment), signal);
      return openDaemonSink(engine, location.name, text, spoolDirectory(environment));
    }
    case "storage": {
      const directory = spoolDirectory(environment);
      const storage = openContainerStorage(location, { directory, signal }, environment["PATH"] ?? "");
      return openDaemonSink(storage, location.name, text, directory);
    }
    case "directory":
      return openDirectorySink(location.path, text);
    case "oci-layout":
      return layoutSink(location.path, location.label, text);
    case "oci-archive":
    case "docker-archive": {
      const target =
        location.path === STANDARD_STREAM
          ? await streamTarget(spoolDirectory(environment), context.standardOutput)
          : await fileTarget(location.path);
      return archiveSink(location.kind === "oci-archive" ? "oci" : "docker", target, location.label, text);
    }
    default:
      return location satisfies never;
  }
}

function openArchive(path: string, text: string, context: LocationContext): Promise<FileTree> {
  const spool = { directory: spoolDirectory(context.environment), signal: context.signal };
  if (path === STANDARD_STREAM) return openArchiveStream(context.standardInput(), text, spool);
  return openArchiveFile(path, text, spool);
}

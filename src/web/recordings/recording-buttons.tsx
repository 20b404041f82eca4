import { useState } from "preact/hooks";
import type { ListedRecording } from "../../admin/recording-schemas.ts";
import { call } from "../api/call.ts";
import { announce } from "../parts/announcer.tsx";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";

type Props = { readonly recording: ListedRecording; readonly onChange: () => void };

/** What can be done to a recording: it is stopped, or removed when it has ended. Both are asked for once more. */
export function RecordingButtons({ recording, onChange }: Props) {
  const { name, stoppedAtMs } = recording;
  const [isAsking, setIsAsking] = useState(false);
  const runs = stoppedAtMs === null;
  return (
    <>
      <button type="button" aria-label={`${runs ? "Stop" : "Remove"} ${name}`} onClick={() => setIsAsking(true)}>
        {runs ? "Stop" : "Remove"}
      </button>
      {isAsking &&
        (runs ? (
          <StopDialog name={name} onChange={onChange} onClose={() => setIsAsking(false)} />
        ) : (
          <RemoveDialog name={name} onChange={onChange} onClose={() => setIsAsking(false)} />
        ))}
    </>
  );
}

type DialogProps = { readonly name: string; readonly onChange: () => void; readonly onClose: () => void };

function StopDialog({ name, onChange, onClose }: DialogProps) {
  const stop = async () => {
    const { images } = await call("stopRecording", { name });
    announce(`${name} is stopped, with ${images} ${images === 1 ? "image" : "images"}`);
    onChange();
  };
  return (
    <ConfirmDialog title={`Stop ${name}?`} action="Stop" onConfirm={stop} onClose={onClose}>
      <p>
        What is pulled from now on is not in it. What it holds stays, and is never evicted until the recording is
        removed.
      </p>
      <p class="quiet">
        It can go on later: <code>larder record start {name} --append</code>.
      </p>
    </ConfirmDialog>
  );
}

function RemoveDialog({ name, onChange, onClose }: DialogProps) {
  const remove = async () => {
    await call("removeRecording", { name });
    announce(`${name} was removed`);
    onChange();
  };
  return (
    <ConfirmDialog title={`Remove ${name}?`} action="Remove" isDangerous onConfirm={remove} onClose={onClose}>
      <p>
        The list is gone then, and what it held may be evicted when space is wanted. The images themselves stay here
        until that.
      </p>
    </ConfirmDialog>
  );
}

import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useAnswer } from "../api/use-answer.ts";
import { ProblemNote } from "../parts/problem-note.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

/** The images that are here. */
export function ImagesView() {
  const { answer, problem, again } = useAnswer("listImages", { limit: 100 });
  return (
    <>
      <h1>Images</h1>
      <ProblemNote problem={problem} again={again} />
      {answer !== null && (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Image</th>
                <th scope="col">Size</th>
                <th scope="col">Last pulled</th>
              </tr>
            </thead>
            <tbody>
              {answer.images.map(({ name, sizeBytes, pulledAtMs }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{formatBytes(sizeBytes)}</td>
                  <td>
                    <TimeAgo atMs={pulledAtMs} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

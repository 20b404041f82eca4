import { useMemo, useState } from "preact/hooks";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Field } from "../parts/field.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { type BillOfMaterials, type Package, searchPackages } from "./bill-of-materials.ts";

const SHOWN = 100;
const COLUMNS: readonly Column<Package>[] = [
  { id: "name", name: "Package", cell: ({ name }) => <StrangerText text={name} limit={200} /> },
  { id: "version", name: "Version", cell: ({ version }) => <StrangerText text={version} limit={200} /> },
  { id: "licence", name: "Licence", cell: ({ licence }) => <StrangerText text={licence} limit={300} /> },
  { id: "type", name: "Type", cell: ({ type }) => <StrangerText text={type} limit={60} /> },
];

/** The packages of a bill of materials, searched as somebody types. */
export function PackageTable({ bill }: { readonly bill: BillOfMaterials }) {
  const [text, setText] = useState("");
  const [shown, setShown] = useState(SHOWN);
  const found = useMemo(() => searchPackages(bill.packages, text), [bill, text]);
  return (
    <>
      <Field label="Search packages" hint={`${bill.format}: ${bill.packages.length.toLocaleString("en")} packages`}>
        {(tied) => (
          <input
            {...tied}
            type="search"
            value={text}
            maxLength={200}
            onInput={({ currentTarget }) => {
              setText(currentTarget.value);
              setShown(SHOWN);
            }}
          />
        )}
      </Field>
      <p class="quiet" role="status">
        {found.length === bill.packages.length ? "" : `${found.length.toLocaleString("en")} found`}
      </p>
      <DataTable caption="Packages" columns={COLUMNS} rows={found.slice(0, shown)} keyOf={(_, at) => at} />
      <MoreButton
        onMore={() => setShown(shown + 5 * SHOWN)}
        isAsking={false}
        shown={`${Math.min(shown, found.length).toLocaleString("en")} of ${found.length.toLocaleString("en")} packages`}
        hasMore={found.length > shown}
      />
    </>
  );
}

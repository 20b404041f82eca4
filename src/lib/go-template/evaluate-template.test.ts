import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readYaml } from "./read-yaml.ts";
import { splitAtMarks, TemplateEvaluation } from "./evaluate-template.ts";
import { parseTemplate } from "./parse-template.ts";
import { TEMPLATE_FUNCTIONS } from "./template-functions.ts";
import { TemplateError } from "./template-value.ts";

const VALUES = readYaml(`
Values:
  image: {repository: quay.io/a/b, tag: "", digest: null}
  count: 3
  big: 20240101
  list: [c, a, b]
  map: {z: 1, w: {x: two}}
  empty: {}
  on: yes
  enabled: yes
  text: "hello world"
Chart: {AppVersion: "1.2.3"}
`);

function render(template: string): { text: string; lines: number[]; unresolved: readonly string[] } {
  const { body, definitions } = parseTemplate(template, "a.yaml");
  const evaluation = new TemplateEvaluation(TEMPLATE_FUNCTIONS, definitions);
  const output = evaluation.render(body, VALUES);
  const unresolved = evaluation.unresolved.map(({ reason, place }) => `${place.line}: ${reason}`);
  return { text: output.toString(), lines: output.lines(), unresolved };
}

describe("a template", () => {
  // Each of these was printed by helm template as well.
  test.each([
    ["{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}", "quay.io/a/b:1.2.3"],
    ['{{ printf "%s:%s" .Values.image.repository .Chart.AppVersion | quote }}', '"quay.io/a/b:1.2.3"'],
    ['{{ printf "%d-%05d-%-4s|%v|%t|%q|%.1f%%" 7 42 "ab" 1.5 true "q" 2.5 }}', '7-00042-ab  |1.5|true|"q"|2.5%'],
    ["a {{- /* c */ -}} b", "ab"],
    ['{{ "a" | upper | }}{{ ("b" | upper |) }}', "AB"],
    ["a\n  {{- if .Values.enabled }}\n  b\n  {{- end }}\nc", "a\n  b\nc"],
    ["{{ if .Values.empty }}a{{ else if eq .Values.count 3.0 }}b{{ else }}c{{ end }}", "b"],
    ["{{ range $i, $e := .Values.list }}{{ $i }}{{ $e }},{{ end }}", "0c,1a,2b,"],
    ["{{ range $k, $v := .Values.map }}{{ $k }};{{ end }}", "w;z;"],
    ['{{ range .Values.list }}{{ if eq . "a" }}{{ continue }}{{ end }}{{ . }}{{ else }}none{{ end }}', "cb"],
    ['{{ range .Values.list }}{{ if eq . "a" }}{{ break }}{{ end }}{{ . }}{{ end }}', "c"],
    ["{{ range .Values.empty }}x{{ else }}none{{ end }}", "none"],
    ["{{ with .Values.map.w }}{{ .x }}{{ $.Values.count }}{{ end }}", "two3"],
    ["{{ with .Values.none }}x{{ else with .Values.enabled }}y{{ end }}", "y"],
    ["{{ $a := 1 }}{{ if true }}{{ $a = 2 }}{{ $b := 3 }}{{ end }}{{ $a }}", "2"],
    ['{{ define "x.image" }}{{ .repository }}{{ end }}{{ include "x.image" .Values.image | upper }}', "QUAY.IO/A/B"],
    ['{{ define "t" }}[{{ . }}]{{ end }}{{ template "t" "v" }}{{ block "u" 1 }}{{ . }}{{ end }}', "[v]1"],
    ['{{ tpl "{{ .Values.text }}!" . }}', "hello world!"],
    ['{{ (index .Values.list 1) }}{{ (dict "a" "b").a }}{{ index .Values "map" "w" "x" }}', "abtwo"],
    [
      '{{ and .Values.enabled .Values.text }}{{ or .Values.empty 0 "z" }}{{ not .Values.enabled }}',
      "hello worldzfalse",
    ],
    ["{{ .Values.count | int | add 2 }} {{ div 7 2 }} {{ mod 7 3 }}", "5 3 1"],
    ["{{ toYaml .Values.map | nindent 2 }}", "\n  w:\n    x: two\n  z: 1"],
    [
      '{{ toJson .Values.map }} {{ .Values.list | join "-" }} {{ .Values.list | sortAlpha | first }}',
      '{"w":{"x":"two"},"z":1} c-a-b a',
    ],
    ['{{ "a-b-" | trimSuffix "-" | replace "-" "." | trunc 3 }} {{ "abc" | trunc -2 }}', "a.b bc"],
    ['{{ regexReplaceAll "(a)(b)" "xabx" "${2}-$1" }} {{ regexMatch "^v?[0-9]+" "v12" }}', "xb-ax true"],
    [
      '{{ semverCompare ">=1.19-0" "v1.33.1" }} {{ semverCompare "^1.2" "2.0.0" }} {{ (semver "1.2.3").Minor }}',
      "true false 2",
    ],
    ['{{ ternary "a" "b" .Values.enabled }} {{ coalesce "" .Values.none "c" }} {{ empty .Values.empty }}', "a c true"],
    [
      '{{ $d := dict "a" 1 }}{{ $_ := set $d "b" 2 }}{{ keys $d | sortAlpha | join "," }} {{ hasKey $d "c" }}',
      "a,b false",
    ],
    [
      '{{ merge (dict "a" "x") (dict "a" "y" "b" "z") | toJson }} {{ mergeOverwrite (dict "a" "x") (dict "a" "y") | toJson }}',
      '{"a":"x","b":"z"} {"a":"y"}',
    ],
    [
      '{{ splitList "/" "a/b/c" | last }} {{ (split ":" "x:y")._1 }} {{ "YQ==" | b64dec }} {{ "a" | b64enc }}',
      "c y a YQ==",
    ],
    [
      '{{ printf "%s|%v|%5s|%-3d|%q" (list "a" nil) (dict "b" nil) "x" 1 "q" }}',
      '[a <nil>]|map[b:<nil>]|    x|1  |"q"',
    ],
    [`{{ js "it's <b>" }} {{ b64dec "aGVsbG8" }}`, "it\\'s \\u003Cb\\u003E illegal base64 data at input byte 4"],
    ['{{ print 1 2 "a" 3 }} {{ int "08" }} {{ int "0x1F" }} {{ int "12.0" }} {{ seq 5 1 }}', "1 2a3 0 31 12 5 4 3 2 1"],
    [
      '{{ semver "v1.2.3-rc.1" }} {{ regexReplaceAll "(\\\\d+)" "v1" "$1x" }} {{ toDate "2006-01-02" "2020-03-04" | date "Jan _2 06" }}',
      "1.2.3-rc.1 v Mar  4 20",
    ],
    [
      '{{ toJson (dict "a" "<b>&") }} {{ "Wörld" | trunc 3 }} {{ round 123.5555 3 }} {{ addf 0.1 0.2 }}',
      '{"a":"\\u003cb\\u003e\\u0026"} Wö 123.556 0.3',
    ],
    [
      '{{ mergeOverwrite (dict "a" 1 "c" true) (dict "a" 2 "c" false) | toJson }} {{ (split "." "a.b")._9 }}|',
      '{"a":2,"c":false} |',
    ],
    ["{{ `raw \\n` }}{{ 'a' }}{{ \"\\u0041\\t\" }}{{ 0x10 }}", "raw \\n97A\t16"],
    [
      '{{ list 1 2 3 | rest | toJson }} {{ has "a" .Values.list }} {{ until 3 | toJson }} {{ dig "w" "x" "no" .Values.map }}',
      "[2,3] true [0,1,2] two",
    ],
    [
      '{{ kindIs "map" .Values.map }} {{ kindOf .Values.list }} {{ len .Values.list }} {{ "x" | repeat 3 }}',
      "true slice 3 xxx",
    ],
    [
      '{{ sha256sum "a" | trunc 8 }} {{ base "a/b.c" }} {{ "aB cD" | title }} {{ snakecase "fooBar" }}',
      "ca978112 b.c AB CD foo_bar",
    ],
  ])("%s prints %p", (template, expected) => {
    expect(render(template).text).toBe(expected);
  });

  // A float64 is what every number of YAML is for Helm; what a template counts itself is not.
  test.each([
    [
      "{{ .Values.big }} {{ quote .Values.big }} {{ .Values.big | toString }}",
      '2.0240101e+07 "2.0240101e+07" 2.0240101e+07',
    ],
    [
      '{{ printf "%v" .Values.big }} {{ default 1 .Values.big }} {{ list .Values.big | join "" }}',
      "2.0240101e+07 2.0240101e+07 2.0240101e+07",
    ],
    [
      "{{ toYaml .Values.big }} {{ toJson .Values.big }} {{ int64 .Values.big }} {{ .Values.big | int }}",
      "20240101 20240101 20240101 20240101",
    ],
    [
      "{{ 999999.0 }} {{ 1000000.0 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1.10 }} {{ 1.0 }} {{ 20240101 }}",
      "999999 1e+06 0.0001 1e-05 1.1 1 20240101",
    ],
    ['{{ printf "%d %s" .Values.big .Values.big }}', "%!d(float64=2.0240101e+07) %!s(float64=2.0240101e+07)"],
  ])("prints numbers by where they come from: %s", (template, expected) => {
    expect(render(template).text).toBe(expected);
  });

  test("without actions prints itself, and every line is its own", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", " ", "\n", "{", "}", '"') }), (text) => {
        const plain = text.replaceAll("{{", "{");
        const { text: printed, lines } = render(plain.replaceAll("{{", "{"));
        if (plain.includes("{{")) return;
        expect(printed).toBe(plain);
        expect(lines).toEqual(plain.split("\n").map((_, index) => index + 1));
      }),
    );
  });

  test("tells the line that each printed line comes from", () => {
    const template =
      "a: 1\n{{- range .Values.list }}\n- {{ . }}\n{{- end }}\nimage: {{ .Values.image.repository }}\n{{ toYaml .Values.map }}\n";
    const { text, lines } = render(template);
    const at = (needle: string) => lines[text.split("\n").findIndex((line) => line.includes(needle))];
    expect([at("a: 1"), at("- b"), at("image:"), at("z: 1")]).toEqual([1, 3, 5, 6]);
  });

  test("goes on past what it cannot know, and says what that was", () => {
    const { text, unresolved } = render(
      'image: {{ required "set it" .Values.none }}/{{ nonsense 1 | quote }}\nb: {{ include "gone" . }}',
    );
    expect(splitAtMarks(text)).toEqual(["image: ", 0, "/", 1, "\nb: ", 2]);
    expect(unresolved).toEqual([
      "1: a value is required: set it",
      "1: the function nonsense is not known",
      '2: the template "gone" is not defined',
    ]);
  });

  test.each([
    "{{ if x }}",
    "{{ end }}",
    "{{ .a",
    '{{ "a }}',
    "{{ (a }}",
    "{{ | }}",
    "{{ 1 | | add 2 }}",
    "{{}}",
    "{{ a ~ b }}",
    "{{/* a",
  ])("that is broken is refused: %s", (template) => expect(() => render(template)).toThrow(TemplateError));

  test.each([
    ["includes itself", '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}'],
    ["includes itself twice", '{{ define "a" }}{{ include "a" . }}{{ include "a" . }}{{ end }}{{ include "a" . }}'],
    ["counts without end", "{{ range until 100000 }}{{ range until 100000 }}x{{ end }}{{ end }}"],
    ["doubles a text", '{{ $x := "aaaaaaaaaaaaaaaa" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}'],
    ["doubles a list", "{{ $x := list 1 2 }}{{ range until 60 }}{{ $x = concat $x $x }}{{ end }}"],
    [
      "doubles a dictionary",
      '{{ $x := dict "a" 1 }}{{ range until 60 }}{{ $x = dict "a" $x "b" $x }}{{ end }}{{ toYaml $x }}',
    ],
    ["holds itself", '{{ $x := dict }}{{ $_ := set $x "a" $x }}{{ toJson $x }}'],
    ["repeats", '{{ repeat 1000000000 "x" }}'],
    ["replaces", '{{ replace "" (repeat 10000 "x") (repeat 100000 "y") }}'],
    ["replaces by an expression", '{{ regexReplaceAllLiteral "y" (repeat 10000 "y") (repeat 100000 "x") }}'],
    ["counts far in one go", "{{ range 1000000000 }}x{{ end }}"],
    [
      "gives itself to tpl",
      '{{ tpl `{{ define "a" }}{{ tpl "{{ include \\"a\\" . }}" . }}{{ end }}{{ include "a" . }}` . }}',
    ],
    [
      "appends without end",
      '{{ $x := list }}{{ range until 100000 }}{{ $x = append $x (repeat 1000 "abc") }}{{ end }}',
    ],
    [
      "keeps long texts",
      '{{ $d := dict }}{{ range $i := until 100000 }}{{ $_ := set $d (print $i) (repeat 100000 "x") }}{{ end }}',
    ],
    ["parses without end", '{{ range until 100000 }}{{ fromYaml "a: &a [1]\\nb: *a" }}{{ end }}'],
    ["matches much", '{{ range until 100000 }}{{ regexMatch "(a*)*b$" (repeat 10000 "a") }}{{ end }}'],
    ["nests", `${"{{ if true }}".repeat(5000)}${"{{ end }}".repeat(5000)}`],
    ["nests parentheses", `{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`],
  ])("that %s is stopped", (_, template) => expect(() => render(template)).toThrow(TemplateError), 60_000);

  test("any text ends in print or refusal", () => {
    const piece = fc.constantFrom(
      "{{",
      "}}",
      "-",
      " ",
      "if",
      "range",
      "end",
      "else",
      ".a",
      "$x",
      ":=",
      "|",
      "(",
      ")",
      '"',
      "1",
      "\n",
      "define",
      "/*",
      "*/",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          render(pieces.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateError);
        }
      }),
    );
  });
});

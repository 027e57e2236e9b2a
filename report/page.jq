# SPDX-License-Identifier: MIT
# For report/page, with all input in variables: checks it, and fills in the template.
# Every text that comes from outside goes through esc.

# ---- Text

def esc:
	tostring | explode
	| map(if (. < 32 and . != 9 and . != 10) or . == 127 or . == 65534 or . == 65535
	      then 65533 else . end)
	| implode | @html;

def pad($n): tostring | ("0" * ($n - length)) + .;
def fixed($n):
	if . < 0 then "-" + (-. | fixed($n))
	else pow(10; $n) as $p | (. * $p | round) as $i
	| ($i / $p | floor | tostring) +
	  (if $n > 0 then "." + ($i % $p | pad($n)) else "" end)
	end;
def percent: . * 100 | fixed(2) + "%";
def nanoseconds:
	if . < 1000 then fixed(1) + " ns"
	elif . < 1e6 then . / 1000 | fixed(1) + " µs"
	else . / 1e6 | fixed(2) + " ms" end;
def plural($one): if . == 1 then "1 " + $one else "\(.) " + $one + "s" end;
def interval: "\(.median | fixed(3)) (\(.low | fixed(3)) to \(.high | fixed(3)))";
def middle: sort | if length % 2 == 1 then .[length / 2 | floor]
	else (.[length / 2 - 1] + .[length / 2]) / 2 end;
# Of a commit that this machine names in full.
def short: sub("^(?<c>[0-9a-f]{12})[0-9a-f]{28}"; "\(.c)");
def commits($c): if $c == $commit then "commit \($c | short | esc)"
	else "commit \($c | short | esc), <b>not that of this page</b>" end;

# ---- The raw data of make bench

def bad($what): error("\($bench_file): \($what): run make bench again");
def checked_interval($where; $name):
	if . == null then .
	elif type != "object" or ([.median, .low, .high] | any(type != "number")) then
		bad("\($name) of \($where) is no interval")
	elif .low <= 0 or .low > .median or .median > .high or .high > 1e9 then
		bad("\($name) of \($where) is not in order")
	else . end;
def checked_pair($where; $name; $of):
	if . == null or (type == "object" and ([.stock, .patched] | all(type == $of))) then .
	else bad("\($name) of \($where) is not of stock and patched") end;
def checked_bench:
	if ($bench | length) != 1 then bad("it has \($bench | length) values instead of one") else $bench[0] end
	| if type != "object" then bad("it is no object") else . end
	| if .format != 1 then bad("its format is \(.format | tojson), and this page is made of format 1") else . end
	| . as $b
	| (["kernel", "cpu", "commit", "verdict", "vdso", "futex_robust_unlock"][] as $k
	   | if ($b[$k] | type) == "string" then empty else bad("\($k) is missing") end), .
	| if (.pairs | type) != "number" then bad("pairs is missing") else . end
	| if (.figures | type) != "array" or (.targets | type) != "array" then
		bad("figures or targets are missing") else . end
	| if .figures == [] then bad("it has no figures") else . end
	| .figures |= map(
		if type != "object" or (.libc | type) != "string" or (.workload | type) != "string" then
			bad("a figure is of no libc or workload") else . end
		| "\(.libc) \(.workload)" as $w
		| .ratio |= checked_interval($w; "ratio")
		| .ratio_at_control_level |= checked_interval($w; "ratio_at_control_level")
		| .control |= checked_interval($w; "control")
		| .times_floor |= checked_interval($w; "times_floor")
		| .instructions |= checked_pair($w; "instructions"; "number")
		| .syscalls |= checked_pair($w; "syscalls"; "number")
		| .vdso_calls |= checked_pair($w; "vdso_calls"; "number")
		| if ([.patched, .stock] | all(type == "array" and all(type == "number"))) then .
		  else bad("patched or stock of \($w) are no numbers") end)
	| .targets |= map(
		if type == "object" and ([.libc, .workload, .figure, .rule, .verdict] | all(type == "string"))
		   and (.value | type == "number" or . == null) then .
		else bad("a target is garbled") end);

def texts: [$workloads | scan("WORKLOAD\\(\"([^\"]*)\".*\"([^\"]*)\"\\)") | {key: .[0], value: .[1]}]
	| from_entries;

def rule_text: ({ "below": "≤ ", "not-above": "not above ", "includes": "includes " }[.rule] // (.rule | esc) + " ")
	+ (if .value == null then "" else (.value | fixed(2)) end)
	| sub("not-more *$"; "not more");
def verdict_mark: { "met": "✓ met", "MISSED": "✗ missed", "not shown": "? not shown" }[.verdict] // (.verdict | esc);
def verdict_class: { "met": "met", "MISSED": "missed" }[.verdict] // "unknown";
def target_text: "<span class=\"target \(verdict_class)\">\(rule_text): \(verdict_mark)</span>";
def targets_of($all; $f; $figure):
	[$all[] | select(.libc == $f.libc and .workload == $f.workload and .figure == $figure)];

# A range that has all ratios and targets, but for what is far out. What does not fit
# in, as a control may, ends at the edge with an arrow.
def range_of($targets):
	.[0].libc as $libc | ([.[] | .ratio | select(. != null) | .low, .high] +
	 [$targets[] | select(.libc == $libc and .figure == "ratio") | .value | select(. != null)]) as $v
	| { low: ([0.9, ([$v[] | . * 10 | floor / 10] | min // 1)] | min),
	    high: ([1.1, ([$v[] | . * 10 | ceil / 10] | max // 1)] | max) }
	| .high |= ([., 2] | min) | .low |= ([., 0.1] | max);
def at($r): ((. - $r.low) / ($r.high - $r.low) | [., 1] | min | [., 0] | max) * 0.94 + 0.03;
def ticks($r): (if $r.high - $r.low > 1.2 then 2 else 1 end) as $step
	| [range(($r.low * 10 | round); ($r.high * 10 | round) + 1)
	   | select(. == 10 or . % $step == 0) | . / 10];
def line($r; $class; $y; $i):
	"<line class=\"\($class)\" x1=\"\($i.low | at($r) | percent)\" x2=\"\($i.high | at($r) | percent)\" y1=\"\($y)\" y2=\"\($y)\"/>";
def grid($r; $height):
	[ticks($r)[] | "<line class=\"\(if . == 1 then "one" else "tick" end)\" x1=\"\(at($r) | percent)\" x2=\"\(at($r) | percent)\" y1=\"0\" y2=\"\($height)\"/>"] | add;
def axis($r):
	"<svg class=\"axis\" width=\"100%\" height=\"20\" aria-hidden=\"true\">" +
	([ticks($r)[] | "<text x=\"\(at($r) | percent)\" y=\"15\" text-anchor=\"middle\"\(if . == 1 then " class=\"one\"" else "" end)>\(fixed(1))</text>"] | add) +
	"</svg>";
def arrows($r; $class; $y):
	(if .low < $r.low - 1e-9 then "<text class=\"\($class)\" x=\"0.5%\" y=\"\($y + 5)\">◂</text>" else "" end) +
	(if .high > $r.high + 1e-9 then "<text class=\"\($class)\" x=\"99.5%\" y=\"\($y + 5)\" text-anchor=\"end\">▸</text>" else "" end);

def plot($r; $targets):
	. as $f
	| "<svg class=\"plot\" width=\"100%\" height=\"34\" role=\"img\"><title>" +
	  ("\($f.libc) \($f.workload): patched/stock \($f.ratio | interval)" +
	   (if $f.control then "; control stock/stock \($f.control | interval)" else "" end) | esc) +
	  "</title>" + grid($r; 34) +
	  (if $f.control then line($r; "control"; 25; $f.control) +
		"<line class=\"control-median\" x1=\"\($f.control.median | at($r) | percent)\" x2=\"\($f.control.median | at($r) | percent)\" y1=\"20.5\" y2=\"29.5\"/>"
	   else "" end) +
	  # The wider interval, for those that are judged by it.
	  (if ($f.ratio_at_control_level and ([$targets[] | select(.rule != "below")] != [])) then
		line($r; "wide"; 11; $f.ratio_at_control_level) else "" end) +
	  line($r; "ratio"; 11; $f.ratio) +
	  "<circle cx=\"\($f.ratio.median | at($r) | percent)\" cy=\"11\" r=\"5\"/>" +
	  ($f.ratio | arrows($r; "arrow"; 11)) + (if $f.control then $f.control | arrows($r; "arrow grey"; 25) else "" end) +
	  ([$targets[] | select(.value)
	    | "<svg class=\"mark\" x=\"\(.value | at($r) | percent)\" y=\"0\" width=\"1\" height=\"34\" overflow=\"visible\"><path d=\"M0 0V22\(if .rule == "below" then "M0 0L-9 4L0 8" else "M-4 0H4" end)\"/></svg>"]
	   | add // "") + "</svg>";

def ratio_row($r; $targets; $texts):
	. as $f | targets_of($targets; $f; "ratio") as $t | targets_of($targets; $f; "floor") as $tf
	| "<tr><th scope=\"row\">\($f.workload | esc)<small>\($texts[$f.workload] // "" | esc)</small></th>" +
	  if ($f.ratio | not) then
		"<td class=\"none\" colspan=\"3\">\(if $f.skipped then "not measured: \($f.skipped | esc)" else "no times" end)</td>"
	  else
		"<td class=\"plotted\">\($f | plot($r; $t))</td>" +
		"<td class=\"figure\"><b>\($f.ratio.median | fixed(2))</b> <small>\($f.ratio.low | fixed(2)) to \($f.ratio.high | fixed(2))</small>\([$t[] | target_text] | join(""))</td>" +
		"<td class=\"figure\">" +
		(if $f.times_floor == null or $f.workload == "floor" or $f.times_floor.median > 50 then "<small>–</small>"
		 else "<b>\($f.times_floor.median | fixed(2))</b> <small>× floor</small>" end) +
		"\([$tf[] | target_text] | join(""))</td>"
	  end + "</tr>\n";

def count_pair: if . == null then "<td class=\"n\">–</td><td class=\"n\">–</td>"
	else "<td class=\"n\">\(.stock)</td><td class=\"n\">\(.patched)</td>" end;
def counts_row($targets):
	. as $f
	| "<tr><th scope=\"row\">\($f.workload | esc)</th>" +
	  ($f.instructions | count_pair) + ($f.syscalls | count_pair) +
	  (if $f.instructions == null then "<td class=\"n\">–</td>"
	   else "<td class=\"n\">\($f.instructions | .patched - .stock | if . > 0 then "+\(.)" elif . < 0 then "−\(-.)" else "0" end)</td>" end) +
	  (if $f.stock == [] then "<td class=\"n\">–</td><td class=\"n\">–</td>"
	   else "<td class=\"n\">\($f.stock | middle | nanoseconds)</td><td class=\"n\">\($f.patched | middle | nanoseconds)</td>" end) +
	  "<td>\([("instructions", "syscalls", "relocations") as $k | targets_of($targets; $f; $k)[]
		 | "<span class=\"target \(verdict_class)\">\($k) \(rule_text): \(verdict_mark)</span>"] | join(""))</td></tr>\n";

def verdict_of_bench:
	if .verdict == "bad control" then
		"<p class=\"warning\">✗ The machine was too uneven: an interval of a control excludes 1.00. Nothing below that is a time can be relied on.</p>"
	elif .verdict == "none" then
		"<p class=\"warning\">? No verdict on times: too few pairs (\(.pairs)), or only counted, or no target is about these workloads.</p>"
	else "" end;

def ratios:
	if $bench_file == "" then "<p class=\"warning\">Not measured yet: run <code>make bench</code> on a machine that does nothing else, then <code>make report</code> again.</p>"
	else checked_bench as $b | texts as $texts
	| "<p>Below 1.00 the patched libc is faster. The floor is what the hardware asks of any mutex: two locked compare-exchanges on one word that nobody else wants.</p>\n<p class=\"where\">Measured \($bench_date | esc) (the file’s time) on \($b.kernel | esc); CPU \($b.cpu | esc); \($b.pairs) pairs of runs, seed \($b.seed | esc); \(commits($b.commit)). The vDSO function was \(if $b.vdso == "kernel" then "the kernel’s" else "a stand-in, for measuring only" end); the kernel \(if $b.futex_robust_unlock == "yes" then "knows" else "does not know" end) <code>FUTEX_ROBUST_UNLOCK</code>\(if $b.futex_robust_unlock == "yes" then "" else ", so a contended unlock is the stock sequence here" end).</p>" +
	  ($b | verdict_of_bench) +
	  "<ul class=\"key\"><li><svg width=\"44\" height=\"14\" class=\"plot\"><line class=\"ratio\" x1=\"4\" x2=\"40\" y1=\"7\" y2=\"7\"/><circle cx=\"22\" cy=\"7\" r=\"5\"/></svg> patched/stock: median, 95 % interval</li>" +
	  "<li><svg width=\"44\" height=\"14\" class=\"plot\"><line class=\"wide\" x1=\"4\" x2=\"40\" y1=\"7\" y2=\"7\"/></svg> wider interval, where the target is that nothing changed</li>" +
	  "<li><svg width=\"44\" height=\"14\" class=\"plot\"><line class=\"control\" x1=\"4\" x2=\"40\" y1=\"7\" y2=\"7\"/><line class=\"control-median\" x1=\"22\" x2=\"22\" y1=\"2.5\" y2=\"11.5\"/></svg> control: stock/stock</li>" +
	  "<li><svg width=\"44\" height=\"14\" class=\"plot\"><svg class=\"mark\" x=\"26\" overflow=\"visible\"><path d=\"M0 0V14M0 0L-9 4L0 8\"/></svg></svg> target: all of the interval at this or below</li>" +
	  "<li><svg width=\"44\" height=\"14\" class=\"plot\"><svg class=\"mark\" x=\"22\" overflow=\"visible\"><path d=\"M0 0V14M-4 0H4\"/></svg></svg> target: no change from this, or not above it</li></ul>\n" +
	  ([$b.figures | group_by(.libc)[] | . as $fs | ($fs | range_of($b.targets)) as $r
	    | ([$b.figures[] | select(.libc == $fs[0].libc)]) as $fs
	    | "<h3>\($fs[0].libc | esc)</h3>\n<table class=\"ratios\"><thead><tr><th scope=\"col\">workload</th><th scope=\"col\" class=\"plotted\"><span class=\"name\">time of patched to that of stock</span>\(axis($r))</th><th scope=\"col\">ratio</th><th scope=\"col\">patched beside the floor</th></tr></thead>\n<tbody>" +
	      ([$fs[] | ratio_row($r; $b.targets; $texts)] | add) + "</tbody></table>\n" +
	      "<div class=\"scroll\" tabindex=\"0\"><table class=\"counts\"><caption>\($fs[0].libc | esc): counted, exactly, and the median times</caption><thead><tr><th rowspan=\"2\" scope=\"col\">workload</th><th colspan=\"2\" scope=\"colgroup\">instructions</th><th colspan=\"2\" scope=\"colgroup\">system calls</th><th rowspan=\"2\" scope=\"col\">instructions<br/>more or less</th><th colspan=\"2\" scope=\"colgroup\">median time</th><th rowspan=\"2\" scope=\"col\">targets of counts</th></tr><tr>" +
	      ("<th scope=\"col\">stock</th><th scope=\"col\">patched</th>" | . + . + .) + "</tr></thead>\n<tbody>" +
	      ([$fs[] | select(.workload != "floor") | counts_row($b.targets)] | add // "") + "</tbody></table></div>\n"] | add)
	end;

# ---- The maps of kill-every-instruction

def kind: { "-": "before", ".": "safe", "p": "held", "C": "corrupts", "W": "asleep", "X": "wrong" }[.];
def kind_text: { "-": "before the release", ".": "after it, safe",
	"p": "after it, and libc holds the reuse off", "C": "corrupts memory",
	"W": "leaves a waiter asleep", "X": "wrong result" }[.];
def glyph: { "-": "–", ".": "•", "p": "p" }[.] // .;
def chars($c): explode | map(select(. == ($c | explode[0]))) | length;

# One program's output: [{ name, map, n }]. Lines about a wrong result break the maps.
def scenarios($where):
	gsub("# boundary [0-9]+: [^\n]*\n"; "") | gsub("\n#   (?=[-.pCWX])"; "")
	| [scan("(?m)^# ([a-z-]+): ([-.pCWX]+)$")] as $maps
	| [scan("(?m)^# ([a-z-]+): ([0-9]+) boundaries, ([0-9]+) corruptions, ([0-9]+) left asleep, ([0-9]+) wrong$")] as $counts
	| if $maps == [] then error("\($where): no map in it") else . end
	| if [$maps[][0]] != [$counts[][0]] then error("\($where): maps and counts are not of the same scenarios") else . end
	| [range($maps | length) as $i | $counts[$i] as $c
	   | { name: $maps[$i][0], map: $maps[$i][1], boundaries: ($c[1] | tonumber),
	       corruptions: ($c[2] | tonumber), asleep: ($c[3] | tonumber), wrong: ($c[4] | tonumber) }
	   | if (.map | length) != .boundaries or (.map | chars("C")) != .corruptions or
		(.map | chars("W")) > .asleep or (.map | chars("X")) > .wrong then
		error("\($where): the map of \(.name) is not what was counted") else . end];

def place:
	(split("\n")[0]) as $file
	| def one($k): [scan("(?m)^@@ \($k) (.*)$")[0]][0] // error("\($file): no line '@@ \($k)' in it: remove the file, and make report makes it anew");
	{ file: $file, place: one("place"), date: one("date"), commit: one("commit"), kernel: one("kernel"), cpu: one("cpu") }
	+ (if test("(?m)^@@ end$") then {} else error("\($file): it ends early: remove it, and make report makes it anew") end)
	+ { programs: [(split("\n@@ of ")[1:])[]
		| (split("\n")[0] | split(" ")) as $of
		| ([scan("(?m)^@@ status ([0-9]+)$")[0]][0] // error("\($file): \($of | join(" ")) has no status")) as $status
		| "\($file): \($of | join(" "))" as $where
		| if ($of | length) != 2 or ([$of[1]] | inside(["stock", "patched"]) | not) then error("\($where): not stock or patched") else . end
		| { libc: $of[0], variant: $of[1] }
		+ if $status == "77" then { skipped: ([scan("# SKIP ([^\n]*)")[0]][0] // error("\($where): skipped without a reason")) }
		  elif $status == "0" or $status == "1" then { maps: scenarios($where) }
		  else error("\($where): ended with status \($status)") end] }
	| if .programs == [] then error("\($file): no libc in it") else . end;
def places_with_maps: [("\n" + $maps | split("\n@@ file ")[1:])[] | place];

def total($k): if .maps then [.maps[][$k]] | add else null end;
# Boundaries with any damage: one that corrupts may leave a waiter asleep as well.
def damaged: [.maps[].map | chars("C") + chars("W") + chars("X")] | add;
def damage: "\(.corruptions) corrupt, \(.asleep) leave asleep, \(.wrong) wrong";
def cells:
	. as $s
	| "<div class=\"cells\" role=\"img\" aria-label=\"\("\($s.boundaries) boundaries: \($s | damage)" | esc)\">" +
	  ([$s.map / "" | to_entries[]
	    | "<i class=\"\(.value | kind)\" title=\"\(.key): \(.value | kind_text)\">\(.value | glyph)</i>"] | add) + "</div>";
def side($title):
	"<div class=\"side\"><p><b>\($title)</b> " +
	(if . == null then "not recorded</p>"
	 else "\(.boundaries | tostring) boundaries: " +
	  (if .corruptions + .asleep + .wrong == 0 then "<span class=\"met\">✓ no damage</span>"
	   else "<span class=\"missed\">✗ \([(.corruptions | select(. > 0) | "\(.) corrupt"), (.asleep | select(. > 0) | "\(.) leave a waiter asleep"), (.wrong | select(. > 0) | "\(.) wrong")] | join(", "))</span>" end) +
	  (if .asleep > (.map | chars("W")) then " <small>(\(.asleep - (.map | chars("W"))) of them do both, and show as C)</small>" else "" end) +
	  "</p>\(cells)" end) + "</div>";
def sum_line($title):
	"<b>\($title)</b>: " +
	(if . == null then "not recorded"
	 elif .skipped then "skipped: \(.skipped | esc)"
	 else "\(total("boundaries")) boundaries, \(total("corruptions")) corrupt, \(total("asleep")) leave a waiter asleep" +
	  (if total("wrong") > 0 then ", \(total("wrong")) wrong results" else "" end) end);

def variant($v): [.[] | select(.variant == $v)][0];
def libc_maps:
	variant("stock") as $s | variant("patched") as $p
	| "<h4>\(.[0].libc | esc)</h4>\n<p>\($s | sum_line("stock")); \($p | sum_line("patched")).</p>\n" +
	  ([([$s, $p] | map(select(. != null) | .maps // [] | .[].name) | reduce .[] as $n ([]; if index($n) then . else . + [$n] end))[] as $n
	    | "<section class=\"scenario\"><h5>\($n | esc)</h5><div class=\"sides\">" +
	      ([($s.maps // [])[] | select(.name == $n)][0] | side("stock")) +
	      ([($p.maps // [])[] | select(.name == $n)][0] | side("patched")) + "</div></section>\n"] | add // "");

def place_name: { "vm": "In a VM", "native": "On this machine" }[.place] // .place;
def key_of_cells:
	"<ul class=\"key\">" + ([("-", ".", "p", "C", "W", "X")
	| "<li><i class=\"\(kind)\">\(glyph)</i> \(kind_text)\(if . == "W" then ", or the mutex locked, for good" else "" end)</li>"] | add) + "</ul>\n";
def proof:
	if $maps == "" then "<p class=\"warning\">Not recorded yet: <code>make report</code> does it.</p>"
	else key_of_cells + ([places_with_maps[]
	  | "<h3>\(place_name | esc): \(.kernel | split(" ")[0:2] | join(" ") | esc)</h3>\n<p class=\"where\">Recorded \(.date | esc) on \(.kernel | esc); CPU \(.cpu | esc); \(commits(.commit)); static programs.\(if .place == "vm" then "" else " Where a kernel or its vDSO does not help, the race is open with the patches too, as it is with the stock libc." end)</p>\n" +
	    ([.programs | . as $all | reduce .[].libc as $l ([]; if index($l) then . else . + [$l] end) | .[] as $l
	      | [$all[] | select(.libc == $l)] | libc_maps] | add)] | add)
	end;

# ---- The table of make check-matrix

def bad_table: error("build/matrix/table: line \(.): not as make check-matrix writes it: remove it and run make check-matrix again");
def rows: [$table | split("\n") | to_entries[] | select(.value != "") | (.key + 1) as $n
	| .value | split("|")
	| if length != 11 or ([.[4], .[5], .[6], .[8]] | all(test("^[0-9]+$")) | not) then $n | bad_table else . end
	| def killed: if . == "-" or . == "" then null else
		capture("^(?<boundaries>[0-9]+): (?<corruptions>[0-9]+), (?<asleep>[0-9]+)(, (?<wrong>[0-9]+) wrong)?$")
		// ($n | bad_table) | map_values(. // "0" | tonumber) end;
	(.[10] | split(" /")) as $names
	| { place: .[0], libc: .[1], linked: .[2], mode: .[3], passed: (.[4] | tonumber), failed: (.[5] | tonumber),
	    skipped: (.[6] | tonumber), killed: (.[7] | [killed][0]), stock_failed: (.[8] | tonumber),
	    stock_killed: (.[9] | [killed][0]), which: ($names[0] // ""), stock_which: ($names[1] // "") }];
def unique_in_order: reduce .[] as $x ([]; if index([$x]) then . else . + [$x] end);
def killed_text: if . == null then "<small>not stepped</small>"
	else "<small>C \(.corruptions) W \(.asleep)\(if .wrong > 0 then " X \(.wrong)" else "" end) of \(.boundaries)</small>" end;
def patched_cell:
	(if .failed > 0 then "failed" elif .killed == null then "partial"
	 elif .killed.corruptions + .killed.asleep + .killed.wrong > 0 then "open" else "closed" end) as $c
	| "<td class=\"\($c)\" title=\"\(if .failed > 0 then "failed:\(.which)" else "all as expected" end | esc)\"><b>" +
	  (if .failed > 0 then "✗ \(.failed) failed" elif $c == "open" then "◐ open" elif $c == "closed" then "● closed" else "✓ passed" end) +
	  "</b><span>\(.passed) passed\(if .skipped > 0 then ", \(.skipped) skipped" else "" end)</span>\(.killed | killed_text)</td>";
def stock_cell:
	"<td class=\"stock\" title=\"\(if .stock_which == "" then "" else "fails:\(.stock_which)" end | esc)\"><b>\(if .stock_failed > 0 then "✗ \(.stock_failed) fail" else "✓ none fails" end)</b>\(.stock_killed | killed_text)</td>";
def place_info: [$places | split("\n")[] | select(. != "") | split("|") | { place: .[0], key: .[1], value: (.[2:] | join("|")) }];
def matrix:
	if $table == "" then "<p class=\"warning\">Not recorded: <code>make check-matrix</code> does it, in 90 minutes; <code>make check-matrix KERNELS=7.2</code> on one kernel only. Then <code>make report</code> again.</p>"
	else rows as $rows | place_info as $info
	| ([$rows[].place] | unique_in_order) as $places
	| def of($p; $k): [$info[] | select(.place == $p and .key == $k) | .value][0];
	([$notes | split("\n")[] | select(. != "") | "<p class=\"warning\">\(esc)</p>\n"] | add // "") +
	"<p>Patched libcs: \($rows | map(.passed) | add) tests passed, \($rows | map(.failed) | add) failed, \($rows | map(.skipped) | add) skipped, on \($places | length | plural("kernel configuration")). Each cell: the black-box tests, and what was seen when the owner was killed at each instruction of its unlock (C corruptions, W waiters left asleep).</p>\n" +
	"<ul class=\"key\"><li class=\"swatch closed\">● closed: no damage at any instruction</li><li class=\"swatch open\">◐ open: as expected of a kernel that does not help (before 7.2, or without its vDSO)</li><li class=\"swatch failed\">✗ a test failed</li></ul>\n" +
	"<div class=\"scroll\" tabindex=\"0\"><table class=\"matrix\"><thead><tr><th scope=\"col\">libc</th>" +
	([$places[] | "<th scope=\"col\">\(split("-")[0] | "kernel " + . | esc)<small>\(if test("-") then split("-")[1:] | join("-") else "with vDSO" end | esc)</small></th>"] | add) + "</tr></thead>\n<tbody>" +
	([([$rows[] | [.libc, .linked]] | unique_in_order)[] as $l
	  | [$rows[] | select([.libc, .linked] == $l)] as $of
	  | "<tr><th scope=\"row\">\($l[0] | esc)<small>\($l[1] | esc), stock</small></th>" +
	    ([$places[] as $p | [$of[] | select(.place == $p)][0] | if . == null then "<td class=\"none\">–</td>" else stock_cell end] | add) + "</tr>\n" +
	    ([([$of[].mode] | unique_in_order)[] as $m
	      | "<tr><th scope=\"row\">\($l[0] | esc)<small>\($l[1] | esc), <b>patched</b>\(if $m == "default" then "" else ", " + ($m | esc) end)</small></th>" +
		([$places[] as $p | [$of[] | select(.place == $p and .mode == $m)][0] | if . == null then "<td class=\"none\">–</td>" else patched_cell end] | add) + "</tr>\n"] | add)] | add) +
	"</tbody></table></div>\n" +
	"<div class=\"scroll\" tabindex=\"0\"><table class=\"provenance\"><caption>Recorded</caption><thead><tr><th scope=\"col\">kernel</th><th scope=\"col\">date</th><th scope=\"col\">its package</th><th scope=\"col\">tests</th><th scope=\"col\">commit</th></tr></thead><tbody>" +
	([$places[] | "<tr><th scope=\"row\">\(esc)</th><td>\(of(.; "date") // "unknown" | esc)</td><td>\(of(.; "kernel") // "not recorded" | esc)</td><td>\(of(.; "tests") // "not recorded" | esc)</td><td>\(of(.; "commit") | if . == null then "not recorded" else commits(.) end)</td></tr>\n"] | add) +
	"</tbody></table></div>\n<p class=\"where\">In VMs, with CPUs that QEMU emulates.</p>"
	end;

# ---- The page

def tile($class; $big; $text): "<li class=\"\($class)\"><b>\($big)</b> \($text)</li>";
def tiles:
	(if $maps == "" then [] else places_with_maps end) as $m
	| "<ul class=\"tiles\">" +
	  ([$m[] | select(.place == "vm") | .programs as $all | .kernel as $kernel | ([.programs[].libc] | unique_in_order)[] as $l
	    | [$all[] | select(.libc == $l)] | variant("stock") as $s | variant("patched") as $p
	    | select($s.maps and $p.maps)
	    | tile((if ($p | damaged) == 0 then "good" else "poor" end);
		"\($s | damaged) → \($p | damaged)";
		"instruction boundaries of \($l | esc), stock → patched, at which a kill corrupts memory or leaves a waiter asleep; of \($s | total("boundaries")) and \($p | total("boundaries")), on \($kernel | split(" ")[0:2] | join(" ") | esc)")] | add // "") +
	  (if $bench_file == "" then tile("open"; "–"; "ratios of time: not measured")
	   else checked_bench as $b | ($b.targets | map(select(.verdict == "met")) | length) as $met
	   | if $b.targets == [] then tile("open"; "–"; "no target was judged")
	     else tile((if $b.verdict == "met" then "good" elif $b.verdict == "missed" then "poor" else "open" end);
		"\($met) of \($b.targets | length)"; "targets of speed and counts met" +
		(if $b.verdict == "bad control" then ", but the machine was too uneven: nothing is known of times"
		 elif $b.verdict == "none" then "; no verdict on times" else "" end)) end
	   end) +
	  (if $table == "" then tile("open"; "–"; "kernel and libc matrix: not recorded")
	   else rows | tile((if (map(.failed) | add) == 0 then "good" else "poor" end);
		"\(map(.passed) | add) / \(map(.failed) | add)"; "tests passed / failed in the matrix, on \([.[].place] | unique | length | plural("kernel configuration"))") end) +
	  "</ul>";
def put($mark; f): split($mark) | join([f][0]);
def page:
	$template
	# Each mark is looked for in the template only, not in what takes the place of another.
	| put("@DATE@"; $date | esc) | put("@COMMIT@"; $commit | esc)
	| split("@TILES@") | (.[0] + tiles), (.[1] | split("@RATIOS@") | (.[0] + ratios),
		(.[1] | split("@PROOF@") | (.[0] + proof), (.[1] | split("@MATRIX@") | (.[0] + matrix), .[1])));

/** The page's look: light and dark, from 360 pixels up, nothing loaded. @module */

/** The style sheet. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1a1c20;--soft:#5c636e;--paper:#fff;--line:#d9dde3;--band:#f3f5f8;
--c0:#1769c2;--c1:#c25317;--c2:#2e8540;--c3:#8a3fa8;--c4:#a07a00;--c5:#00838f;--limit:#c0182b;--fault:#c0182b22}
@media(prefers-color-scheme:dark){:root{--ink:#e7eaee;--soft:#9aa3af;--paper:#14171b;--line:#343a43;--band:#1d2127;
--c0:#6cb0ff;--c1:#ff9a5c;--c2:#7cd08c;--c3:#d59bf0;--c4:#e5c04b;--c5:#5ed3df;--limit:#ff6b7a;--fault:#ff6b7a33}}
*{box-sizing:border-box}
body{margin:0 auto;padding:12px 14px 48px;max-width:1080px;color:var(--ink);background:var(--paper);
font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.4rem;margin:.4em 0 .1em}h2{font-size:1.1rem;margin:1.6em 0 .4em}
p{margin:.3em 0}.soft,small,figcaption .legend{color:var(--soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:.8em 0}dt{color:var(--soft)}dd{margin:0}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;min-width:100%}
th,td{padding:4px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
thead th{border-bottom:2px solid var(--line)}
details.run{border:1px solid var(--line);border-radius:6px;margin:.8em 0;padding:0 12px}
details.run>summary{padding:10px 0;font-weight:600;cursor:pointer}
figure.panel{margin:0 0 1.1em}figcaption{margin-bottom:4px}
.legend{display:inline-flex;flex-wrap:wrap;gap:0 12px;margin-left:10px}
.legend i{display:inline-block;width:14px;border-top:3px solid;margin:0 5px 4px 0;vertical-align:middle}
.legend .limit i{border-top-style:dashed}
.plot{position:relative;height:150px;margin:0 4px 20px 48px;touch-action:pan-y;outline-offset:2px}
.plot svg{position:absolute;inset:0;width:100%;height:100%;background:var(--band);overflow:hidden}
.plot path{fill:none;stroke:currentColor;stroke-width:1.6;vector-effect:non-scaling-stroke}
.plot .grid{stroke:var(--line);vector-effect:non-scaling-stroke}
.plot .cursor{stroke:var(--soft);vector-effect:non-scaling-stroke;visibility:hidden}
.plot .fault{fill:var(--fault)}
.c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}.c5{color:var(--c5)}
.limit{color:var(--limit)}.plot path.limit{stroke-dasharray:6 4}
.legend span{color:var(--ink)}.legend .c0 i{color:var(--c0)}.legend .c1 i{color:var(--c1)}.legend .c2 i{color:var(--c2)}
.legend .c3 i{color:var(--c3)}.legend .c4 i{color:var(--c4)}.legend .c5 i{color:var(--c5)}.legend .limit i{color:var(--limit)}
.y,.x{position:absolute;font-size:11px;color:var(--soft);line-height:1}
.y{right:100%;transform:translateY(50%);padding-right:6px}.x{top:100%;transform:translateX(-50%);padding-top:5px}
.plot output{position:absolute;top:4px;left:4px;right:4px;font-size:12px;pointer-events:none}
.plot output:not(:empty)>span{background:var(--paper);border:1px solid var(--line);border-radius:4px;padding:1px 6px}
ol.events{list-style:none;padding:0;margin:.4em 0;max-height:340px;overflow-y:auto;border:1px solid var(--line);border-radius:6px}
ol.events>li{padding:5px 10px;border-bottom:1px solid var(--line);border-left:4px solid transparent}
ol.events>li.warning{border-left-color:var(--c4)}ol.events>li.alarm,ol.events>li.failed{border-left-color:var(--limit)}
ol.events>li.fault{border-left-color:var(--c3)}ol.events time{color:var(--soft);margin-right:8px}
ol.events ul{margin:2px 0 0;padding-left:18px;color:var(--soft)}
@media(max-width:520px){body{padding:10px 10px 40px}.plot{height:130px;margin-left:44px}th,td{padding:4px 7px;font-size:13px}
th:first-child,td:first-child{white-space:normal;min-width:110px}.legend{margin-left:0;display:flex}
details.run{padding:0 8px}}
@media print{details.run{break-inside:avoid}ol.events{max-height:none}}
`;

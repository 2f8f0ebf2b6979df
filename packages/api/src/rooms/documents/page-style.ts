/** The style sheet of the page of the API, light and dark. */
export const PAGE_STYLE = `:root {
  color-scheme: light dark;
  --ground: light-dark(#ffffff, #14181d);
  --raised: light-dark(#f3f5f7, #1d232a);
  --text: light-dark(#1b2127, #e4e9ee);
  --faint: light-dark(#4c5863, #a9b5c0);
  --line: light-dark(#cfd6dd, #39434d);
  --link: light-dark(#0b57a4, #83bdf5);
}
* { box-sizing: border-box; }
body { margin: 0; display: grid; grid-template-columns: 16rem minmax(0, 1fr); background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; background: var(--raised); border-right: 1px solid var(--line); }
nav h2 { margin: 1rem 0 .25rem; font-size: .875rem; color: var(--faint); }
nav ul { margin: 0; padding: 0; list-style: none; }
main { padding: 1rem 2rem 4rem; max-width: 60rem; }
a { color: var(--link); }
nav li a { display: block; padding: .125rem 0; min-height: 1.5rem; text-decoration: none; overflow-wrap: anywhere; }
a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem; background: var(--ground); }
article { margin: 2rem 0; padding-top: 1rem; border-top: 1px solid var(--line); }
article:target { outline: 2px solid var(--link); outline-offset: .5rem; }
h3 { margin: 0; }
h3 a { color: inherit; text-decoration: none; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
pre { padding: .75rem 1rem; overflow: auto; background: var(--raised); border: 1px solid var(--line); border-radius: 4px; }
pre code { overflow-wrap: normal; }
.method { font-weight: 700; }
.open { color: var(--faint); }
.wide { overflow: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .25rem; }
th, td { padding: .375rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
thead th { color: var(--faint); }
@media (max-width: 50rem) {
  body { display: block; }
  nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
  main { padding: 1rem; }
}
`;

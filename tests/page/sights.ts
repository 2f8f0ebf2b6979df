// Tests of how a page looks and whether everybody can use it, for any page of the plant.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import {
  buildPage,
  findingsInBothThemes,
  misfits,
  openBrowser,
  openTogether,
  type Tab,
  type Visit,
  type Visitors,
} from './browser.ts';
import { pictureFault } from './pictures.ts';
import { openPlant, type Plant } from './plant.ts';

/** A page, and what of it is there when it is whole. */
export interface Sight {
  readonly name: string;
  readonly path: string;
  readonly whole: (page: Page) => Promise<unknown>;
  /** Whether it looks like another sight, so that no picture of it is kept. */
  readonly isAlike?: boolean;
}

/** A plant and a browser, both there while the tests of a file run. */
export interface Looks {
  readonly plant: Plant;
  readonly browser: Visitors;
}

/** Each language with the theme that its page is opened in; the other theme is put on afterwards. */
export const COMBINATIONS = [
  { language: 'en', theme: 'light' },
  { language: 'zh', theme: 'dark' },
] as const;

/** Opens plant and browser before the tests of this file, and closes them behind. */
export function openLooks(): () => Looks {
  let looks: Looks;
  before(async () => {
    buildPage();
    const [plant, browser] = await openTogether(openPlant(), openBrowser());
    looks = { plant, browser };
  });
  after(async () => {
    await looks.browser[Symbol.asyncDispose]();
    await looks.plant[Symbol.asyncDispose]();
  });
  return () => looks;
}

/** Registers the tests of each sight. */
export function testSights(sights: readonly Sight[], looks: () => Looks): void {
  for (const sight of sights) {
    test(`${sight.name}: axe finds nothing in any language and theme, and the kept pictures are like it`, async () => {
      const blank = await looks().browser.blank();
      const faults: string[] = [];
      for (const { language, theme } of COMBINATIONS) {
        await using tab = await open(sight, looks(), { language, theme });
        const fault = sight.isAlike
          ? undefined
          : await pictureFault(tab.page, blank, `${sight.name}-${theme}`);
        if (fault !== undefined) faults.push(fault);
        const findings = await findingsInBothThemes(tab.page, theme);
        faults.push(...findings.map((finding) => `${language} ${finding}`), ...tab.complaints);
      }
      await blank.close();
      assert.deepEqual(faults, []);
    });

    test(`${sight.name}: fits narrow and zoomed windows, with texts as long as German and in Chinese, and nothing moves`, async () => {
      // their own tests read those that are alike in Chinese
      for (const language of sight.isAlike ? (['pseudo'] as const) : (['pseudo', 'zh'] as const)) {
        await using tab = await open(sight, looks(), { language });
        assert.deepEqual(await misfits(tab.page), [], language);
        assert.equal(await tab.page.evaluate('document.getAnimations().length'), 0);
      }
    });
  }
}

async function open(sight: Sight, { plant, browser }: Looks, visit: Visit): Promise<Tab> {
  const tab = await browser.open(plant.url + sight.path.replace('{letter}', String(plant.letter)), {
    cookie: plant.cookies.admin,
    ...visit,
  });
  await sight.whole(tab.page);
  await tab.page.locator('.connection-live').waitFor();
  return tab;
}

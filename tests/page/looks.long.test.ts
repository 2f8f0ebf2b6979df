// Pages that look like others or whose own tests keep their pictures, in the plant's scene as well.
import type { Page } from 'playwright-core';
import { STALE_DEVICE } from './plant.ts';
import { openLooks, type Sight, testSights } from './sights.ts';

const SIGHTS: readonly Sight[] = [
  {
    name: 'device-stale',
    path: `/devices/acme/plant/${STALE_DEVICE}`,
    isAlike: true,
    whole: (page) => page.locator('.chart canvas').waitFor(),
  },
  ...['pipeline', 'connect', 'simulation', 'access', 'audit', 'settings'].map((name) => ({
    name,
    path: `/${name}`,
    // their own tests keep pictures of them, in a scene where something stands in them
    isAlike: true,
    whole: async (page: Page) => {
      await page.locator('main h1').waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
    },
  })),
  {
    name: 'nowhere',
    path: '/devices/nothing',
    isAlike: true,
    whole: (page) => page.locator('.state h1').waitFor(),
  },
];

testSights(SIGHTS, openLooks());

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { showPreferences } from './preferences.ts';
import { restorePlaces } from './route.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/parts.css';
import './styles/tables.css';
import './styles/charts.css';

const place = document.getElementById('root');
if (!place) throw new Error('the page has no place for the console');
showPreferences();
restorePlaces();
createRoot(place).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

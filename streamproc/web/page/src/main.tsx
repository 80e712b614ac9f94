// The page: one shell, a view for each address, each loaded when it is first wanted.

import { render } from "preact";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import lazy from "preact-iso/lazy";
import { LocationProvider, Route, Router } from "preact-iso/router";
import { signedOut } from "./api";
import { watchKeys } from "./keys";
import { connect, disconnect } from "./live";
import { me, whoAmI } from "./me";
import { Shell } from "./shell";
import "./style/base.css";
import "./style/parts.css";
import { paint, theme } from "./theme";
import { sayFailed } from "./ui";
import { Home } from "./views/home";
import { NotFound } from "./views/notfound";
import { SignIn } from "./views/signin";
import { language, speak } from "./words";

const views = {
  channel: lazy(() => import("./views/channel").then((module) => module.ChannelView)),
  channels: lazy(() => import("./views/channels").then((module) => module.ChannelsView)),
  programme: lazy(() => import("./views/programme").then((module) => module.ProgrammeView)),
  finding: lazy(() => import("./views/finding").then((module) => module.FindingView)),
  reviews: lazy(() => import("./views/reviews").then((module) => module.ReviewsView)),
  search: lazy(() => import("./views/search").then((module) => module.SearchView)),
  engineer: lazy(() => import("./views/engineer").then((module) => module.EngineerView)),
  operator: lazy(() => import("./views/operator").then((module) => module.OperatorView)),
  people: lazy(() => import("./views/people").then((module) => module.PeopleView)),
};

function Page(): JSX.Element | null {
  const isIn = me.value !== null && !signedOut.value;
  useEffect(() => {
    if (isIn) connect();
    else disconnect();
  }, [isIn]);
  if (signedOut.value) return <SignIn />;
  if (me.value === null) return null;
  return (
    <Shell>
      <Router>
        <Route path="/" component={Home} />
        <Route path="/channel/:name" component={views.channel} />
        <Route path="/channels" component={views.channels} />
        <Route path="/programme/:id" component={views.programme} />
        <Route path="/finding/:id" component={views.finding} />
        <Route path="/reviews" component={views.reviews} />
        <Route path="/search" component={views.search} />
        <Route path="/engineer" component={views.engineer} />
        <Route path="/engineer/:name" component={views.engineer} />
        <Route path="/operator" component={views.operator} />
        <Route path="/people" component={views.people} />
        <Route default component={NotFound} />
      </Router>
    </Shell>
  );
}

speak(language.value);
paint(theme.value);
watchKeys();
whoAmI().catch(sayFailed);
const root = document.getElementById("page");
if (root !== null) render(<LocationProvider><Page /></LocationProvider>, root);

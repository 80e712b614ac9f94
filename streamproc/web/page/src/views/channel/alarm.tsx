// The alarm over a channel's model, with its pictures.

import type { JSX } from "preact";
import type { Schemas } from "../../api";
import { wall } from "../../time";
import { locale } from "../../words";
import { t } from "./words";

const percent = (part: number): number => Math.round(part * 100);

export function AlarmBox({ alarm }: { alarm: Schemas["Alarm"] }): JSX.Element {
  const hours = (alarm.absent_s / 3600).toLocaleString(locale.value, { maximumFractionDigits: 1 });
  const alt = (index: number): string => (alarm.pictures.length > 1 && index === 0 ? t("alarm_frame") : t("alarm_corner", { n: Math.max(1, index) }));
  return (
    <section class="card alarm" aria-labelledby="alarm-title">
      <h2 id="alarm-title">{t(`alarm_${alarm.kind}`, { hours })}</h2>
      <p>{t(`alarm_${alarm.kind}_why`, { time: wall(alarm.since_utc), share: percent(alarm.sureness), usual: percent(alarm.usual) })}</p>
      <p>{t("alarm_look")}</p>
      <pre tabIndex={0}>{`streamproc logo label ${alarm.channel} --config streamproc.toml --programme START/END --advert START/END\n${alarm.command}`}</pre>
      <p class="soft">{t("alarm_moved")}</p>
      <div class="row">
        {alarm.pictures.map((address, index) => <a key={address} href={address}><img src={address} alt={alt(index)} loading="lazy" height={120} /></a>)}
      </div>
    </section>
  );
}

/* Police: what its acts have in common. The acts stand in files of their own: police_officers.c (skill, integrity, rotation,
 * accountability), police_shakedowns.c, police_sweeps.c, police_operations.c (leads and rescue operations). */
#ifndef MODELS_POLICE_H
#define MODELS_POLICE_H

#include "models/world.h"

/* clang-format off */
#define POLICE_PARAMETERS(P)                                                                                                          \
    /* officers */                                                                                                                   \
    P(real, fresh_skill,          0.25,   0, 1,    "1",      uncertain, "mean skill of a fresh officer", "prototype")                \
    P(real, fresh_skill_sd,       0.1,    0, 1,    "1",      uncertain, "standard deviation of a fresh officer's skill", "prototype") \
    P(real, fresh_integrity,      0.4,    0, 1,    "1",      uncertain, "mean integrity of a fresh officer", "MODEL 5: prior 0.3-0.8") \
    P(real, fresh_integrity_sd,   0.15,   0, 1,    "1",      uncertain, "standard deviation of a fresh officer's integrity", "prototype") \
    P(real, training_rate,        0.004,  0, 1,    "1/day",  uncertain, "rate at which full training moves skill to trained_skill", "FACTS C: half-time 6-24 months; here 173 days, the fast end") \
    P(real, trained_skill,        0.8,    0, 1,    "1",      uncertain, "skill that training leads to", "prototype")                 \
    P(real, integrity_training_rate, 0.003, 0, 1,  "1/day",  uncertain, "rate at which full training moves integrity to trained_integrity", "MODEL 5: prior 0-0.008") \
    P(real, trained_integrity,    0.9,    0, 1,    "1",      uncertain, "integrity that training leads to", "prototype")             \
    P(real, background_integrity, 0.25,   0, 1,    "1",      uncertain, "integrity to which officers drift without oversight", "MODEL 5: prior 0.05-0.4") \
    P(real, integrity_drift,      0.0027, 0, 1,    "1/day",  uncertain, "rate of that drift", "MODEL 5: prior 0-0.006")              \
    P(real, practice,             0.003,  0, 1,    "1",      uncertain, "share of the missing skill that an officer gains in one rescue operation", "prototype") \
    P(real, oversight_effect,     0.7,    0, 1,    "1",      uncertain, "relative fall of shakedowns and of the drift of integrity under full oversight", "the strong end of FACTS C, misconduct x 0.3-1.0, which favours the essay; audits x 0.7 (4.18-4.19), observers x 1 (4.17)") \
    P(real, exposure,             0.1,    0, 1,    "1",      uncertain, "chance that full oversight exposes one corrupt or abusive act", "prototype") \
    P(real, example,              0.02,   0, 1,    "1",      uncertain, "share of the missing integrity that colleagues gain when an officer is prosecuted", "prototype") \
    P(real, override_rate,        0.05,   0, 20,   "1/year", uncertain, "rate at which a special unit is stopped from above", "FACTS C: 0-0.3; essay: 'Politics still plays a toxic role'") \
    P(real, override_days,        180,    0, 3650, "days",   uncertain, "how long the special unit is then stopped", "assumed")      \
    P(real, protect_gain,         0.05,   0, 1,    "1",      uncertain, "protection from others' violence that one well answered report earns a district of 600 persons", "prototype; essay: Walvis Bay; under the policy protective near the top of the 0-40 % of FACTS C") \
    /* shakedowns and ties */                                                                                                        \
    P(real, shakedown_rate,       0.03,   0, 1,    "1/day",  uncertain, "rate at which an officer without integrity or oversight shakes a venue down", "MODEL 5: prior 0.01-0.06") \
    P(whole, shakedown_reach,     1,      0, 60,   "persons", uncertain, "adults extorted in one shakedown", "prototype")           \
    P(real, tie_probability,      0.4,    0, 1,    "1",      uncertain, "chance that a shakedown of an exploiting venue ends in a protection tie", "prototype") \
    P(real, tie_decay,            0.0027397260273972603, 0, 1, "1/day", uncertain, "rate at which a protection tie dissolves", "MODEL 5: prior 0.0003-0.01") \
    P(real, assault_probability,  0.1,    0, 1,    "1",      uncertain, "chance that an officer without integrity assaults an adult in his power", "FACTS 2.4, 2.16") \
    /* sweeps */                                                                                                                     \
    P(real, sweep_street,         0.2,    0, 1,    "1",      uncertain, "chance that one site of a sweep is a stretch of street", "assumed") \
    P(real, sweep_detention,      0.3,    0, 1,    "1",      uncertain, "chance that an adult is detained in a sweep", "prototype; FACTS 2.4") \
    P(real, detention_days,       4,      0, 365,  "days",   uncertain, "days until the detained buy their release", "prototype; essay: kept 'until their pimps paid bribes'") \
    P(real, deportation,          0.1,    0, 1,    "1",      uncertain, "chance that an irregular migrant is deported in a sweep", "prototype; essay: Phnom Penh 2002") \
    P(real, recognise,            0.4,    0, 1,    "1",      uncertain, "chance that a fully skilled team recognises a minor in a sweep", "prototype; FACTS 2.10") \
    P(real, sweep_arrest,         0.1,    0, 1,    "1",      uncertain, "chance that the owner of an exploiting venue is arrested in a sweep", "prototype") \
    P(real, sweep_evidence,       0.3,    0, 1,    "1",      uncertain, "strength of evidence from a sweep by a fully skilled team", "prototype") \
    P(real, disperse_share,       0.15,   0, 1,    "1",      uncertain, "share of adults who go to the street when their venue is swept or closed", "FACTS C: 0-50 %; 2.14") \
    /* intelligence and rescue operations */                                                                                         \
    P(real, intel_rate,           0.02,  0, 10,   "1/day",  uncertain, "leads on exploiting venues found by one investigator of full skill in a city where all venues exploit openly in full view", "tuned by hand: Cebu") \
    P(real, tip_rate,             0.0003, 0, 1,   "1/day",  uncertain, "rate at which a non-coerced adult without fear gives a lead on the exploiting venue she works in", "tuned by hand: Cebu") \
    P(real, false_lead,           0.0001, 0, 1,    "1/day",  uncertain, "rate of false leads on a venue", "tuned by hand: Cebu; above 0, else it favours the essay") \
    P(real, case_days,            30,     0, 3650, "days",   uncertain, "time in which a lead becomes ripe for an operation", "tuned by hand: Cebu") \
    P(real, leak,                 0.4,    0, 1,    "1",      uncertain, "chance that a team without integrity betrays an operation", "tuned by hand: Cebu; MODEL 5: prior 0-1") \
    P(real, tie_leak,             0.3,    0, 1,    "1",      uncertain, "chance that an operation against a protected venue is betrayed by its protector", "prototype") \
    P(real, hide_days,            120,    0, 3650, "days",   uncertain, "how long a warned owner hides: one who exploited openly does so covertly, and none reconsiders", "prototype")    \
    P(real, find,                 0.22,   0, 1,    "1",      uncertain, "chance that an operation without any skill finds a minor who is there", "prototype; no source: FACTS C has another quantity, a minor is there at 0.5-0.95 of operations") \
    P(real, find_adult,           0.5,   0, 1,    "1",      uncertain, "chance of finding a coerced adult, relative to a minor", "tuned by hand: Cebu") \
    P(real, arrest,               0.95,   0, 1,    "1",      uncertain, "chance that a fully skilled team arrests the owner when it has found somebody", "tuned by hand: Cebu, 87 arrests") \
    P(real, arrest_linked,        0.7,    0, 1,    "1",      uncertain, "chance that a fully skilled team with legal support arrests a trafficker who supplied somebody found", "tuned by hand: Cebu, 87 arrests") \
    P(real, raid_conduct,         1,      0, 5,    "1",      uncertain, "detention and assault in a rescue operation, relative to a sweep by the same officers", "prototype; FACTS C: abuse under P is not zero") \
    P(real, accompaniment_effect, 0.8,    0, 1,    "1",      uncertain, "relative fall of abuse, detention and deportation in an accompanied operation", "prototype; essay: accompaniment 'minimises the possibility of unprofessional actions'; observers had no effect in a field trial (FACTS 4.17)") \
    P(real, raid_deportation,     0.8,    0, 1,    "1",      uncertain, "chance that an irregular migrant, victim or not, is deported in a rescue operation from which immigration law is not kept out", "prototype; essay: Chiang Mai 2003") \
    P(real, mistaken_rescue,      0.03,   0, 1,    "1",      uncertain, "chance that a non-coerced adult present is taken into care against her will", "assumed, low, which favours the essay: advocates' figures are of most of those taken (FACTS 2.19-2.21)")

#define POLICE_METRICS(M)                                                                                                             \
    M(flow, sweeps,               "sites",     "venues and stretches of street swept")                                             \
    M(flow, shakedowns,           "events",    "shakedowns of venues")                                                             \
    M(flow, extortions,           "events",    "adults extorted by officers")                                                      \
    M(flow, ties_formed,          "ties",      "protection ties formed")                                                           \
    M(flow, violence_police,      "incidents", "assaults by officers on adults")                                                   \
    M(flow, adult_detentions,     "events",    "detentions of non-coerced adults")                                                 \
    M(flow, deportations,         "persons",   "persons deported, victims included")                                               \
    M(flow, victims_deported,     "persons",   "minors and coerced adults deported")                                               \
    M(flow, victims_returned,     "persons",   "minors recognised in a sweep and returned to the venue")                           \
    M(flow, leads,                "leads",     "leads on venues that exploit")                                                     \
    M(flow, tips,                 "leads",     "leads of which non-coerced adults were the source")                                \
    M(flow, operations,           "operations", "rescue operations carried out, betrayed, prevented and mistaken ones included")              \
    M(flow, operations_betrayed,  "operations", "rescue operations betrayed beforehand")                                           \
    M(flow, operations_false_lead, "operations", "rescue operations where nobody was exploited any more, or ever")                             \
    M(flow, operations_obstructed, "operations", "rescue operations that a workers' board prevented")                             \
    M(flow, minors_rescued,       "persons",   "minors brought out of exploitation by the police and not deported")                \
    M(flow, coerced_adults_rescued, "persons", "coerced adults brought out of exploitation by the police and not deported")        \
    M(flow, mistaken_rescues,     "persons",   "non-coerced adults taken into care against their will")                            \
    M(flow, owners_arrested,      "persons",   "arrests of owners, those bought off included")                                     \
    M(flow, traffickers_arrested, "persons",   "arrests of traffickers")                                                           \
    M(flow, arrests_bought_off,   "persons",   "arrests ended by a bribe, or by order from above")                                 \
    M(flow, officers_prosecuted,  "persons",   "officers prosecuted for a corrupt or abusive act")                                 \
    M(flow, officers_transferred, "persons",   "officers replaced by rotation")                                                    \
    M(flow, overrides,            "events",    "times the special unit was stopped from above")                                    \
    M(flow, responses,            "reports",   "reports of violence that the police answered well")                                \
    M(share, officer_skill,       "1",         "mean skill of all officers")                                                       \
    M(share, officer_integrity,   "1",         "mean integrity of all officers")                                                   \
    M(share, officer_tenure,      "days",      "mean time that officers have been in their unit")                                  \
    M(share, special_skill,       "1",         "mean skill of the special unit's officers")                                        \
    M(share, special_integrity,   "1",         "mean integrity of the special unit's officers")
/* clang-format on */

struct police_parameters { POLICE_PARAMETERS(FIELD_PARAMETER_MEMBER) };
struct police_metrics { POLICE_METRICS(FIELD_METRIC_MEMBER) };

/* A unit: the general unit of a district, or (number `districts`) the special unit of the city. */
struct unit {
    uint32_t number, first, size; /* its officers are first ... first + size - 1 */
};
struct unit unit_of_district(const struct city *c, uint32_t district);
struct unit unit_special(const struct city *c);
struct unit unit_of_officer(const struct city *c, uint32_t officer);
bool unit_is_special(const struct city *c, struct unit unit);
double unit_oversight(const struct city *c, struct unit unit);
bool unit_protects(const struct city *c, struct unit unit, uint32_t venue); /* one of its officers holds the venue's tie */

/* The six officers who take part in an act, and their means. */
struct team {
    uint32_t officer[TEAM];
    uint32_t size;
    double skill, integrity;
};
struct team team_pick(const struct city *c, struct unit unit, uint32_t entity, double integrity_shift);

/* police_officers.c */
void police_start(struct city *c, const struct police_parameters *p);
void police_reform(struct city *c, const struct police_parameters *p); /* the special unit gets the size of the policy */
void police_officers(struct city *c, const struct police_parameters *p, struct police_metrics *m);
void police_override(struct city *c, const struct police_parameters *p, struct police_metrics *m);
/* A corrupt or abusive act of an officer: oversight may expose it, as a number u in (0, 1) decides, and then the officer is prosecuted. */
void police_account(struct city *c, const struct police_parameters *p, struct police_metrics *m, uint32_t officer, double u);
/* The team assaults the adult in a seat where the uniform number u is below this probability; somebody of the team answers for it. */
void police_assault(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct team *team,
                    uint32_t seat, double u, double probability, uint32_t index);

/* Nobody is arrested who is held, whose post is vacant, or who has been arrested today. */
bool police_at_large(const struct city *c, uint32_t offender);

/* The other acts, each a day's worth for a city. */
void police_responses(struct city *c, const struct police_parameters *p, struct police_metrics *m);
void police_releases(struct city *c);
void police_shakedowns(struct city *c, const struct police_parameters *p, struct police_metrics *m);
void police_sweeps(struct city *c, const struct police_parameters *p, struct police_metrics *m);
void police_leads(struct city *c, const struct police_parameters *p, struct police_metrics *m);
void police_operations(struct city *c, const struct police_parameters *p, struct police_metrics *m);

#endif

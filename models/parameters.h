/* Parameters that several sub-models read: the region's size, the levers of policy, the market, venues, fear. Each list is
 * the only declaration; the sub-model of the same name gives the rows to the engine. Parameters that one sub-model alone
 * reads are declared in its own file. "assumed" in a source means: no measurement was found; explore the range. */
#ifndef MODELS_PARAMETERS_H
#define MODELS_PARAMETERS_H

#include "sim/field.h"

/* clang-format off */
#define REGION_PARAMETERS(P)                                                                                                         \
    P(whole, cities,               1,    1, 1000000, "cities",            structural, "cities of the region, all alike in size", "MODEL 2")                  \
    P(whole, districts,            5,    1, 10000,   "districts/city",    structural, "districts of a city", "assumed")                                      \
    P(whole, venues,               150,  1, 1000000000, "venues/city",    structural, "venues of a city, shared out evenly over its districts", "assumed; the number in Cebu was not found (FACTS 1.22)") \
    P(whole, traffickers,          60,   0, 30000,   "persons/city",      structural, "posts of traffickers in a city; 60-600 sellers are plausible (FACTS C)", "assumed") \
    P(whole, links,                8,    0, 64,      "venues/trafficker", structural, "venues with which a trafficker deals", "assumed")                     \
    P(whole, officers_per_district, 20,  1, 1000,    "officers",          structural, "officers of a district's general unit", "assumed")                    \
    P(real,  slots_log_mean,       2.87, 1, 4.2,     "1",                 structural, "mean of the logarithm of a venue's slots, cut to 5..60", "assumed: mean 20 persons a venue, more than the 4.3-9.2 of FACTS 1.17 and the 4-13 of FACTS C") \
    P(real,  slots_log_sd,         0.55, 0, 2,       "1",                 structural, "standard deviation of the logarithm of a venue's slots", "assumed") \
    P(real,  visibility_minimum,   0.5,  0, 1,       "1",                 structural, "venues' visibility is uniform from this to 1", "assumed")              \
    P(real,  access_minimum,       0.5,  0, 1,       "1",                 uncertain,  "venues' usual health access is uniform between two values: the lower", "assumed") \
    P(real,  access_maximum,       0.9,  0, 1,       "1",                 uncertain,  "venues' usual health access is uniform between two values: the upper", "assumed") \
    P(real,  street_room,          0.5,  0, 2,       "1",                 structural, "places on a district's street for each slot of its venues; a street that is full takes no one", "assumed") \
    P(real,  relocate_rate,        0.002, 0, 1,      "1/day",             uncertain,  "rate at which a dormant trafficker, or an owner's private network, looks at another city of the region", "assumed") \
    P(real,  relocate_gain,        1,    0, 50,      "months",            uncertain,  "gain in expected value for which a trafficker or a network moves to another city", "assumed")

#define POLICY_PARAMETERS(P)                                                                                                         \
    P(flag,  police,               1,    0, 1,    "1",        lever, "whether police act at all; if not, there is no police act of any kind and protection ties are void", "essay: absence of police") \
    P(real,  sweep_rate,           0.25, 0, 30,   "1/month",  lever, "sweeps in each district", "assumed; the essay: 'still occasional shakedowns and sweep-type operations'") \
    P(whole, sweep_sites,          3,    0, 50,   "sites",    lever, "venues, or stretches of street, visited in one sweep", "assumed") \
    P(real,  sweep_integrity,      0,    -1, 1,   "1",        lever, "added to officers' integrity during sweeps: the climate in which they are ordered", "assumed") \
    P(real,  shakedown_factor,     1,    0, 2,    "1",        lever, "factor on the rate of shakedowns: command's tolerance of them", "assumed") \
    P(real,  general_rotation,     1.5,  0, 12,   "1/year",   lever, "transfers of an officer of a general unit", "essay: officers 'frequently moved'; FACTS C: a period of 6-36 months") \
    P(real,  general_training,     0,    0, 1,    "1",        lever, "training of general units, as a share of the full programme", "assumed") \
    P(real,  general_oversight,    0.05, 0, 1,    "1",        lever, "outside oversight of general units", "assumed") \
    P(real,  protective_response,  0.1,  0, 1,    "1",        lever, "chance that a fully honest general unit answers a report of violence well", "essay: Walvis Bay") \
    P(whole, special_officers,     0,    0, 60,   "officers", lever, "officers of the city's specialised unit; 0: there is none", "essay: RATTF, AHTJP") \
    P(real,  special_rotation,     0,    0, 12,   "1/year",   lever, "transfers of an officer of the special unit", "essay: 'the skills stayed on location'") \
    P(real,  special_training,     0,    0, 1,    "1",        lever, "training of the special unit, as a share of the full programme", "essay: 'extensive training, mentoring and monitoring'") \
    P(real,  special_oversight,    0.05, 0, 1,    "1",        lever, "outside oversight of the special unit", "essay: monitoring by a non-governmental organisation") \
    P(real,  operations_per_month, 0,    0, 60,   "1/month",  lever, "rescue operations for which the special unit has capacity", "FACTS C: 0.5-4") \
    P(real,  accompaniment,        0,    0, 1,    "1",        lever, "share of operations that social workers and lawyers accompany", "essay: 'accompany the police on operations'") \
    P(flag,  immigration_out,      0,    0, 1,    "1",        lever, "whether immigration law is kept out of rescue operations", "essay: Chiang Mai 2003") \
    P(whole, ngo_investigators,    0,    0, 200,  "persons",  lever, "investigators of the non-governmental organisation", "assumed") \
    P(real,  legal_support,        0,    0, 1,    "1",        lever, "legal support of cases in court", "essay: 'throughout the legal process'") \
    P(whole, care_beds,            0,    0, 100000, "beds/city", lever, "places in aftercare", "assumed") \
    P(real,  care_quality,         1,    0, 1,    "1",        lever, "quality of aftercare: 1 lowers re-trafficking to care.retraffic_care, 0 not at all", "essay: 'expert care, schooling and job placement'") \
    P(real,  adult_support,        0,    0, 1,    "1",        lever, "share of lost days for which adults of closed venues are supported", "essay: assistance to adult women 'collaterally affected'") \
    P(real,  agreement,            0,    0, 1,    "1",        lever, "share of health services consulted before operations, which softens backlash", "essay: 'extensive consultation' in Cebu") \
    P(real,  jail_share,           0.8,  0, 1,    "1",        lever, "share of convictions that end in prison; the others in a fine", "assumed; RA 9208 (FACTS 1.23)") \
    P(real,  outreach,             1,    0, 3,    "1",        lever, "factor on the health service's outreach", "assumed") \
    P(real,  board_coverage,       0,    0, 1,    "1",        lever, "share of venues covered by a workers' board", "essay: Sonagachi")

#define MARKET_PARAMETERS(P)                                                                                                         \
    P(real,  premium,              6,    0, 60,   "months",   uncertain, "what exploitation adds to a venue's revenue in a year, in months of its ordinary revenue", "FACTS 5.1-5.5 give orders of magnitude") \
    P(real,  price_elasticity,     0.3,  0, 3,    "1",        uncertain, "rise of the premium when fewer are exploited: weakly known and decisive", "assumed, low, which favours the essay: demand elasticities of -0.2 to -1.5 (FACTS C, no source) would be 0.7-5 here") \
    P(real,  choice_sharpness,     1,    0.05, 20, "1/month", uncertain, "weight of the pay-off against personal tastes (Gumbel) in the choice", "assumed; McFadden 1974") \
    P(real,  review_rate,          0.03333333333333333, 0, 1, "1/day", uncertain, "how often an offender reconsiders", "assumed: once a month") \
    P(real,  taste_rate,           0.00136986301369863, 0, 1, "1/day", uncertain, "how often an offender's personal tastes change", "assumed: once in two years") \
    P(real,  jail_months,          60,   0, 600,  "months",   uncertain, "length of imprisonment", "assumed; RA 9208 has 20 years and more on paper (FACTS 1.23)") \
    P(real,  jail_weight,          0.5,  0, 5,    "1",        uncertain, "loss felt for a month in prison, in months of revenue", "assumed; FACTS 4.1-4.6: severity deters little") \
    P(real,  fine_months,          2,    0, 10000, "months",  uncertain, "the fine", "assumed: what 2.7 exploited persons add in a year by premium and exploited_share; the law has about 1 to 5 (FACTS 1.23, 5.6)") \
    P(real,  closure_days,         120,  0, 3650, "days",     uncertain, "closure of a venue whose owner was arrested in a rescue operation", "assumed")

#define VENUES_PARAMETERS(P)                                                                                                         \
    P(real,  exploited_share,      0.395, 0, 1,   "1",        uncertain, "exploited persons an openly exploiting owner wants, as a share of the slots", "tuned: about 6 % minors") \
    P(real,  minor_share,          0.66, 0, 1,    "1",        uncertain, "share of minors among those recruited", "assumed") \
    P(real,  irregular_share,      0.2,  0, 1,    "1",        uncertain, "share of irregular migrants among all newcomers", "assumed") \
    P(real,  covert_capacity,      0.7,  0, 1,    "1",        uncertain, "exploited persons wanted in a covert venue, relative to open exploitation", "assumed") \
    P(real,  conceal_effect,       0.6,  0, 1,    "1",        uncertain, "relative fall of the owner's perceived risk under covert exploitation", "prototype") \
    P(real,  private_effect,       0.75, 0, 1,    "1",        uncertain, "relative fall of the owner's perceived risk in the private network", "assumed; FACTS C: hidden places are hard to see") \
    P(real,  covert_visibility,    0.4,  0, 1,    "1",        uncertain, "what police and surveys see of a covert venue, relative to open exploitation", "FACTS C: 0.05-0.5") \
    P(real,  covert_violence,      1.5,  0, 10,   "1",        uncertain, "factor on violence against those exploited covertly", "assumed") \
    P(real,  covert_access,        0.5,  0, 1,    "1",        uncertain, "factor on health workers' access to a covert venue", "assumed; FACTS 2.15") \
    P(real,  private_capacity,     0.6,  0, 1,    "1",        uncertain, "exploited persons wanted in the private network, relative to open exploitation", "assumed") \
    P(real,  private_visibility,   0.2,  0, 1,    "1",        uncertain, "what investigators see of the private network, relative to an open venue; surveys see nothing", "FACTS C: 0.05-0.5") \
    P(real,  private_violence,     2,    0, 10,   "1",        uncertain, "factor on violence in the private network", "assumed") \
    P(real,  private_access,       0.2,  0, 1,    "1",        uncertain, "factor on clinic visits from the private network", "assumed") \
    P(real,  street_violence,      2,    0, 10,   "1",        uncertain, "factor on violence by clients in the street", "assumed; FACTS 2.14") \
    P(real,  street_access,        0.7,  0, 1,    "1",        uncertain, "factor on clinic visits from the street", "assumed; FACTS 2.14")

#define FEAR_PARAMETERS(P)                                                                                                           \
    P(real,  half_life,            90,   1, 3650, "days",     uncertain, "time in which fear of the police halves", "assumed") \
    P(real,  extorted,             0.15, 0, 1,    "1",        uncertain, "rise of fear when extorted", "assumed") \
    P(real,  swept,                0.2,  0, 1,    "1",        uncertain, "rise of fear when swept", "assumed") \
    P(real,  assaulted,            0.5,  0, 1,    "1",        uncertain, "rise of fear when assaulted by an officer", "assumed") \
    P(real,  raided,               0.15, 0, 1,    "1",        uncertain, "rise of fear when present at a rescue operation", "assumed") \
    P(real,  relieved,             0.3,  0, 1,    "1",        uncertain, "relative fall of fear when the police answer a report well", "assumed; essay: Walvis Bay")
/* clang-format on */

struct region_parameters { REGION_PARAMETERS(FIELD_PARAMETER_MEMBER) };
struct policy_parameters { POLICY_PARAMETERS(FIELD_PARAMETER_MEMBER) };
struct market_parameters { MARKET_PARAMETERS(FIELD_PARAMETER_MEMBER) };
struct venues_parameters { VENUES_PARAMETERS(FIELD_PARAMETER_MEMBER) };
struct fear_parameters { FEAR_PARAMETERS(FIELD_PARAMETER_MEMBER) };

#endif

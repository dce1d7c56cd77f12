/* The completion for bash, of the tables of the commands and of the model. */
#include "sim/options.h"

#include <string.h>

#include "sim/study.h"

/* What a value or argument is completed with, as the functions below know it: "words a b c", "files *.cfg". */
static void print_kind(FILE *out, enum options_kind kind, const char *words)
{
    static const char *const kinds[] = {
        [OPTIONS_TEXT] = "nothing",        [OPTIONS_CONFIG] = "files cfg",    [OPTIONS_RESULTS] = "files h5",
        [OPTIONS_SHARDS] = "files",        [OPTIONS_CSV] = "files csv",       [OPTIONS_FILE] = "files",
        [OPTIONS_WORD] = "words",          [OPTIONS_SETTING] = "setting",     [OPTIONS_PATHS] = "paths",
        [OPTIONS_SCENARIO] = "scenario",   [OPTIONS_PRIOR] = "prior",         [OPTIONS_PARAMETER_GROUP] = "parameter_group",
        [OPTIONS_METRIC_GROUP] = "metric_group", [OPTIONS_COMMAND] = "command",
    };
    char word[OPTIONS_WORD_LENGTH];
    fprintf(out, "echo %s", kinds[kind]);
    for (int i = 0; kind == OPTIONS_WORD && options_word(words, i, word); i++) fprintf(out, " %s", word);
    fprintf(out, " ;;\n");
}

static void print_options(FILE *out, const struct options_command *const *all)
{
    fprintf(out, "# The options of command $1.\n_enforcesim_options() {\n    case $1 in\n");
    for (; *all != NULL; all++) {
        fprintf(out, "    %s) echo", (*all)->name);
        for (const struct options_row *row = (*all)->rows; row != NULL && row->name != NULL; row++) {
            if (row->value < 256) fprintf(out, " -%c", row->value);
            fprintf(out, " --%s", row->name);
        }
        fprintf(out, " -h --help ;;\n");
    }
    fprintf(out, "    esac\n}\n\n");
}

static void print_values(FILE *out, const struct options_command *const *all)
{
    fprintf(out, "# What follows option $2 of command $1; nothing where it takes no value.\n_enforcesim_value() {\n    case \"$1 $2\" in\n");
    for (; *all != NULL; all++) {
        for (const struct options_row *row = (*all)->rows; row != NULL && row->name != NULL; row++) {
            if (row->argument == NULL) continue;
            fprintf(out, "    ");
            if (row->value < 256) fprintf(out, "'%s -%c' | ", (*all)->name, row->value);
            fprintf(out, "'%s --%s') ", (*all)->name, row->name);
            print_kind(out, row->kind, row->words);
        }
    }
    fprintf(out, "    esac\n}\n\n");
}

static void print_arguments(FILE *out, const struct options_command *const *all)
{
    fprintf(out, "# What argument number $2 of command $1 is.\n_enforcesim_argument() {\n    case \"$1 $2\" in\n");
    for (; *all != NULL; all++) {
        for (size_t i = 0; (*all)->arguments != NULL && (*all)->arguments[i].name != NULL; i++) {
            const struct options_argument *argument = &(*all)->arguments[i];
            const bool many = strchr(argument->name, '.') != NULL;
            fprintf(out, "    '%s '%s) ", (*all)->name, many ? "*" : (const char[]){(char)('0' + i), '\0'});
            print_kind(out, argument->kind, argument->words);
        }
    }
    fprintf(out, "    esac\n}\n\n");
}

/* Paths of settings, and for flags and choices their values. */
static void print_paths(FILE *out, const struct model *model)
{
    fprintf(out, "_enforcesim_run='name seed baseline metrics");
    for (const struct parameter *row = study_settings; row->name != NULL; row++) fprintf(out, " %s", row->name);
    fprintf(out, "'\n_enforcesim_parameters='");
    for (size_t i = 0; model->schedule[i] != NULL; i++) {
        if (model->policy != NULL && strcmp(model->policy, model->schedule[i]->name) == 0) continue;
        for (const struct parameter *row = model->schedule[i]->parameters; row != NULL && row->name != NULL; row++)
            fprintf(out, "%s.%s\n", model->schedule[i]->name, row->name);
    }
    fprintf(out, "'\n_enforcesim_levers='");
    const int64_t policy = model->policy != NULL ? model_group(model, model->policy) : -1;
    for (const struct parameter *row = policy >= 0 ? model->schedule[policy]->parameters : NULL; row != NULL && row->name != NULL; row++)
        fprintf(out, "%s\n", row->name);
    fprintf(out, "'\n_enforcesim_metrics='");
    for (size_t i = 0; model->schedule[i] != NULL; i++) {
        for (const struct metric *row = model->schedule[i]->metrics; row != NULL && row->name != NULL; row++) fprintf(out, "%s\n", row->name);
    }
    fprintf(out, "'\n\n");
}

static void print_words_of(FILE *out, const char *before, const struct parameter *row)
{
    char word[OPTIONS_WORD_LENGTH];
    if (row->type != FIELD_choice && row->type != FIELD_flag) return;
    fprintf(out, "    %s%s) echo", before, row->name);
    if (row->type == FIELD_flag) fprintf(out, " true false");
    for (int i = 0; row->type == FIELD_choice && options_word(row->unit, i, word); i++) fprintf(out, " %s", word);
    fprintf(out, " ;;\n");
}

static void print_words(FILE *out, const struct model *model)
{
    char before[200];
    fprintf(out, "# The values of setting $1, where they are few.\n_enforcesim_words() {\n    case $1 in\n");
    for (const struct parameter *row = study_settings; row->name != NULL; row++) print_words_of(out, "run.", row);
    for (size_t i = 0; model->schedule[i] != NULL; i++) {
        const bool levers = model->policy != NULL && strcmp(model->policy, model->schedule[i]->name) == 0;
        snprintf(before, sizeof before, "parameters.%s.", model->schedule[i]->name);
        for (const struct parameter *row = model->schedule[i]->parameters; row != NULL && row->name != NULL; row++)
            print_words_of(out, levers ? "policies.*." : before, row);
    }
    fprintf(out, "    esac\n}\n\n");
}

static void print_groups(FILE *out, const struct model *model)
{
    fprintf(out, "_enforcesim_parameter_groups='run");
    for (size_t i = 0; model->schedule[i] != NULL; i++) {
        if (parameter_count(model->schedule[i]->parameters) > 0) fprintf(out, " %s", model->schedule[i]->name);
    }
    fprintf(out, "'\n_enforcesim_metric_groups='");
    for (size_t i = 0; model->schedule[i] != NULL; i++) {
        if (metric_count(model->schedule[i]->metrics) > 0) fprintf(out, " %s", model->schedule[i]->name);
    }
    fprintf(out, "'\n");
}

/* What is the same for every table. Bash cuts the line at the characters of COMP_WORDBREAKS, '=' among them: here the words are put
 * together again, and what is offered for the last of them has lost what bash takes for words of their own. */
static const char *const machinery[] = {
    "# What is offered for word $1, of a list $2 and with $3 after each; $4 stands in front of all.\n"
    "_enforcesim_offer() {\n"
    "    local word\n"
    "    for word in $2; do\n"
    "        [[ $4$word == \"$1\"* ]] && COMPREPLY+=(\"$4$word$3\")\n"
    "    done\n"
    "}\n\n",
    "# Files whose name ends in .$2, or all, and folders.\n"
    "_enforcesim_files() {\n"
    "    local name\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    while IFS= read -r name; do\n"
    "        [[ -d $name || -z $2 || $name == *.\"$2\"* ]] && COMPREPLY+=(\"$name\")\n"
    "    done < <(compgen -f -- \"$1\")\n"
    "}\n\n",
    "# A list after commas: what is there already stays.\n"
    "_enforcesim_list() {\n"
    "    local before=\n"
    "    [[ $1 == *,* ]] && before=${1%,*},\n"
    "    _enforcesim_offer \"$1\" \"$2\" '' \"$before\"\n"
    "    compopt -o nospace 2>/dev/null\n"
    "}\n\n",
    "# Names of the policies or scenarios of scenario file $3, as the program $1 reads it.\n"
    "_enforcesim_names() {\n"
    "    [[ -f $3 ]] || return\n"
    "    case $2 in\n"
    "    policies) \"$1\" check \"$3\" 2>/dev/null | sed -n '/^policies/,/^};/s/^    \\([A-Za-z0-9_-]*\\) : {$/\\1/p' ;;\n"
    "    scenarios) \"$1\" check \"$3\" 2>/dev/null | sed -n '/^scenarios/,$s/^    { name = \"\\([^\"]*\\)\".*/\\1/p' ;;\n"
    "    esac\n"
    "}\n\n",
    "# PATH=VALUE for --set, of scenario file $3.\n"
    "_enforcesim_setting() {\n"
    "    local path=${2%%=*} value=${2#*=} name lever\n"
    "    if [[ $2 == run.metrics=* ]]; then\n"
    "        _enforcesim_list \"$value\" \"$_enforcesim_metrics\"\n"
    "        COMPREPLY=(\"${COMPREPLY[@]/#/run.metrics=}\")\n"
    "    elif [[ $2 == run.baseline=* || $2 == scenarios.*.policy=* ]]; then\n"
    "        _enforcesim_offer \"$2\" \"$(_enforcesim_names \"$1\" policies \"$3\")\" '' \"$path=\"\n"
    "    elif [[ $2 == *=* ]]; then\n"
    "        _enforcesim_offer \"$2\" \"$(_enforcesim_words \"$path\")\" '' \"$path=\"\n"
    "    else\n"
    "        compopt -o nospace 2>/dev/null\n"
    "        _enforcesim_offer \"$2\" \"$_enforcesim_run\" = run.\n"
    "        _enforcesim_offer \"$2\" \"$_enforcesim_parameters\" = parameters.\n"
    "        if [[ $2 == policies.* ]]; then\n"
    "            for name in $(_enforcesim_names \"$1\" policies \"$3\"); do\n"
    "                _enforcesim_offer \"$2\" \"$_enforcesim_levers\" = \"policies.$name.\"\n"
    "            done\n"
    "        elif [[ $2 == scenarios.* ]]; then\n"
    "            for name in $(_enforcesim_names \"$1\" scenarios \"$3\"); do _enforcesim_offer \"$2\" policy = \"scenarios.$name.\"; done\n"
    "        else\n"
    "            _enforcesim_offer \"$2\" 'policies. scenarios.'\n"
    "        fi\n"
    "    fi\n"
    "}\n\n",
    "# Priors beside scenario file $2 or in the folder above it, and files.\n"
    "_enforcesim_priors() {\n"
    "    local folder=. path\n"
    "    [[ $2 == */* ]] && folder=${2%/*}\n"
    "    for path in \"$folder\"/priors/*.cfg \"$folder\"/../priors/*.cfg; do\n"
    "        path=${path##*/}\n"
    "        [[ $path != '*.cfg' && ${path%.cfg} == \"$1\"* ]] && COMPREPLY+=(\"${path%.cfg}\")\n"
    "    done\n"
    "    [[ $1 == */* || ${#COMPREPLY[@]} == 0 ]] && _enforcesim_files \"$1\" cfg\n"
    "}\n\n",
    "# Offers for word $2 what $3 ... says; $1 is the program. $config is the scenario file of the line, if one is there.\n"
    "_enforcesim_by_kind() {\n"
    "    local program=$1 word=$2 kind=$3\n"
    "    shift 3\n"
    "    case $kind in\n"
    "    words) _enforcesim_offer \"$word\" \"$*\" ;;\n"
    "    files) _enforcesim_files \"$word\" \"$1\" ;;\n"
    "    command) _enforcesim_offer \"$word\" \"$_enforcesim_commands\" ;;\n"
    "    parameter_group) _enforcesim_offer \"$word\" \"$_enforcesim_parameter_groups\" ;;\n"
    "    metric_group) _enforcesim_offer \"$word\" \"$_enforcesim_metric_groups\" ;;\n"
    "    paths) _enforcesim_list \"$word\" \"$_enforcesim_parameters\" ;;\n"
    "    setting) _enforcesim_setting \"$program\" \"$word\" \"$config\" ;;\n"
    "    scenario) _enforcesim_offer \"$word\" \"$(_enforcesim_names \"$program\" scenarios \"$config\")\" ;;\n"
    "    prior) _enforcesim_priors \"$word\" \"$config\" ;;\n"
    "    esac\n"
    "}\n\n",
    "_enforcesim() {\n"
    "    local words=() i word command= option= count=0 config= cut= value=\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ ${#words[@]} -gt 0 && ($word == = || $cut) ]]; then words[-1]+=$word; else words+=(\"$word\"); fi\n"
    "        cut=; [[ $word == = ]] && cut=yes\n"
    "    done\n"
    "    for ((i = 0; i < ${#words[@]} - 1; i++)); do\n"
    "        word=${words[i]}\n"
    "        if [[ $option ]]; then\n"
    "            option=\n"
    "        elif [[ ! $command ]]; then\n"
    "            [[ $word == -* ]] || command=$word\n"
    "        elif [[ $word == -* ]]; then\n"
    "            [[ $(_enforcesim_value \"$command\" \"$word\") ]] && option=$word\n"
    "        else\n"
    "            [[ $(_enforcesim_argument \"$command\" $count) == 'files cfg' && ! $config ]] && config=${word/#\\~\\//$HOME/}\n"
    "            ((count++))\n"
    "        fi\n"
    "    done\n"
    "    word=${words[-1]}\n"
    "    if [[ $option ]]; then\n"
    "        _enforcesim_by_kind \"$1\" \"$word\" $(_enforcesim_value \"$command\" \"$option\")\n"
    "    elif [[ ! $command ]]; then\n"
    "        _enforcesim_offer \"$word\" \"$_enforcesim_commands --help --version\"\n"
    "    elif [[ $word == --*=* ]]; then\n"
    "        option=${word%%=*}\n"
    "        _enforcesim_by_kind \"$1\" \"${word#*=}\" $(_enforcesim_value \"$command\" \"$option\")\n"
    "        [[ $COMP_WORDBREAKS == *=* ]] || COMPREPLY=(\"${COMPREPLY[@]/#/$option=}\")\n"
    "        word=${word#*=}\n"
    "    elif [[ $word == -* ]]; then\n"
    "        _enforcesim_offer \"$word\" \"$(_enforcesim_options \"$command\")\"\n"
    "    else\n"
    "        _enforcesim_by_kind \"$1\" \"$word\" $(_enforcesim_argument \"$command\" $count)\n"
    "    fi\n"
    "    if [[ $COMP_WORDBREAKS == *=* && $word == *=* ]]; then\n"
    "        for i in \"${!COMPREPLY[@]}\"; do COMPREPLY[i]=${COMPREPLY[i]#\"${word%=*}=\"}; done\n"
    "    fi\n"
    "}\n"
    "complete -F _enforcesim enforcesim\n",
};

void options_print_bash(FILE *out, const struct options_command *const *all, const struct model *model)
{
    fprintf(out, "# Completion of enforcesim for bash. Made by 'enforcesim help --format bash'; nothing is to be changed here.\n\n"
                 "_enforcesim_commands='");
    for (size_t i = 0; all[i] != NULL; i++) fprintf(out, "%s%s", i > 0 ? " " : "", all[i]->name);
    fprintf(out, "'\n");
    print_groups(out, model);
    print_paths(out, model);
    print_options(out, all);
    print_values(out, all);
    print_arguments(out, all);
    print_words(out, model);
    for (size_t i = 0; i < sizeof machinery / sizeof *machinery; i++) fputs(machinery[i], out);
}

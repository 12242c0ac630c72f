/* Reading model files: every fault at its place; units through the whole model; derivatives. */
#include "check.h"

#include "base/random.h"
#include "pharma/shipped.h"

static const char HEAD[] =
    "model: test\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
    "units: {time: h, amount: mg, volume: L}\n"
    "covariates: {weight: {unit: kg, range: [40, 160]}}\n"; /* 8 lines */

static int open_arena(void **state)
{
    *state = rac_arena_new();
    return 0;
}

static int close_arena(void **state)
{
    rac_arena_free(*state);
    return 0;
}

/* The file is refused, and its first problem stands at this line and says this. */
static void refuse(rac_arena *arena, const char *body, int line, const char *words)
{
    rac_problems problems = rac_problems_init(arena);
    rac_model *model = NULL;
    const char *text = rac_format(arena, "%s%s", HEAD, body);
    assert_int_not_equal(rac_model_read(arena, rac_text_of(text), "models/test.yaml", &model, &problems),
                         RAC_OK);
    assert_null(model);
    assert_true(problems.count > 0);
    check_contains(problems.items[0].message, words);
    assert_int_equal(problems.items[0].line, line);
    assert_string_equal(problems.items[0].file, "models/test.yaml");
    assert_true(problems.items[0].column > 0);
}

static void test_pharma_model__units_are_checked_through_every_expression(void **state)
{
    const char *tail = "flows: {a -> out: CL / V}\nroutes: {iv: a}\noutputs: {c: a / V}\n";
    refuse(*state, rac_format(*state, "parameters:\n  V: 10 L\n  CL: 5 mL\n%s", tail), 12, "");
    refuse(*state, rac_format(*state, "parameters:\n  V: 10 L * weight + 3\n  CL: 5 L/h\n%s", tail), 10, "");
    refuse(*state, rac_format(*state, "parameters:\n  V: 10 L\n  CL: 5 L/h * (wieght / 70 kg)\n%s", tail), 11,
           "wieght");
}

static void test_pharma_model__faults_are_placed(void **state)
{
    const char *ok = "parameters:\n  V: 10 L\n  k: 1 /h\n";
    refuse(*state, rac_format(*state, "%sflows: {a: k}\nroutes: {iv: a}\noutputs: {c: a / V}\n", ok), 12,
           "a flow is written");
    refuse(*state, rac_format(*state, "%sflows: {a -> a: k}\nroutes: {iv: a}\noutputs: {c: a / V}\n", ok), 12,
           "to itself");
    refuse(*state, rac_format(*state, "%sflows: {a -> out: k}\nroutes: {iv: b}\noutputs: {c: a / V}\n", ok),
           13, "no compartment 'b'");
    refuse(*state,
           rac_format(*state, "%sflows: {a -> out: k}\nroutes: {iv: {to: a, lag: V}}\noutputs: {c: a / V}\n",
                      ok),
           13, "");
    refuse(*state,
           rac_format(*state, "%s  V: 3 L\nflows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\n", ok),
           12, "");
    refuse(*state, "parameters:\n  mg: 3 L\nflows: {a -> out: 1 /h}\nroutes: {iv: a}\noutputs: {c: a}\n", 10,
           "name of a unit");
    refuse(*state,
           rac_format(*state,
                      "%svariabilty: []\nflows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\n", ok),
           12, "variabilty");
    refuse(*state,
           rac_format(*state,
                      "%svariability:\n  - {of: Q, cv: 30 %%}\nflows: {a -> out: k}\nroutes: {iv: "
                      "a}\noutputs: {c: a / V}\n",
                      ok),
           13, "no parameter 'Q'");
    refuse(*state,
           rac_format(*state,
                      "%svariability:\n  - {of: [V, k], covariance: [[1], [2, 1]]}\nflows: {a -> out: "
                      "k}\nroutes: {iv: a}\noutputs: {c: a / V}\n",
                      ok),
           13, "not positive definite");
    refuse(*state,
           rac_format(
               *state,
               "%svariability:\n  - {of: V}\nflows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\n",
               ok),
           13, "one of covariance");
    refuse(*state,
           rac_format(
               *state,
               "%sflows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\nerror: {c: {additive: 3 mg}}\n",
               ok),
           15, "the output is in");
}

/* The same, and the column. */
static void refuse_at(rac_arena *arena, const char *body, int line, int column, const char *words)
{
    rac_problems problems = rac_problems_init(arena);
    rac_model *model = NULL;
    const char *text = rac_format(arena, "%s%s", HEAD, body);
    rac_model_read(arena, rac_text_of(text), "models/test.yaml", &model, &problems);
    assert_null(model);
    check_contains(problems.items[0].message, words);
    assert_int_equal(problems.items[0].line, line);
    assert_int_equal(problems.items[0].column, column);
}

static void test_pharma_model__a_value_may_carry_its_source(void **state)
{
    const char *tail = "flows: {a -> out: CL / V}\nroutes: {iv: a}\noutputs: {c: a / V}\n";
    const rac_model *model = read_model(
        *state,
        rac_format(
            *state,
            "%sparameters:\n  V: 10 L\n  CL:\n    value: 5 L/h * (weight / 70 kg)\n    source: a table\n"
            "    tier: B\n    note: seen once\n%s",
            HEAD, tail),
        "t");
    rac_parameter_about about;
    rac_model_explain(*state, model, 1, &about);
    assert_string_equal(about.origin->source, "a table");
    assert_string_equal(about.origin->tier, "B");
    assert_string_equal(about.origin->note, "seen once");
    assert_string_equal(about.expression, "5 L/h * (weight / 70 kg)");
    rac_model_explain(*state, model, 0, &about);
    assert_string_equal(about.origin->source, "");
    static const struct {
        const char *value;
        int column;
        const char *words;
    } bad[] = {{"{tier: A}", 7, "CL has a value, or is unknown"},
               {"{value: 5 L/h, unknown: L/h}", 7, "one of the two"},
               {"{value: 5 L/h, tier: D}", 28, "D"},
               {"{value: 5 L/h, sauce: x}", 22, "unknown key 'sauce'"},
               {"{value: 5 L/h * wieght, tier: A}", 23, "wieght"},
               {"{value: 5 L/h, note: []}", 28, "text"},
               {"{unknown: L/fortnight}", 17, ""}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse_at(*state, rac_format(*state, "parameters:\n  V: 10 L\n  CL: %s\n%s", bad[i].value, tail), 11,
                  bad[i].column, bad[i].words);
}

static void test_pharma_model__faults_of_modifiers_are_placed(void **state)
{
    const char *ok = "parameters: {V: 10 L, CL: 5 L/h}\nflows: {a -> out: CL / V}\nroutes: {iv: a}\n"
                     "outputs: {c: a / V}\n"; /* lines 9 to 12 */
    static const struct {
        const char *text;
        int line, column;
        const char *words;
    } bad[] = {
        {"modifiers: {x: {multiply: {Q: 2}, routes: [iv], source: s, tier: A}}", 13, 28, "no parameter 'Q'"},
        {"modifiers: {x: {multiply: {CL: two}, routes: [iv], source: s, tier: A}}", 13, 32, "two"},
        {"modifiers: {x: {multiply: {CL: -2}, routes: [iv], source: s, tier: A}}", 13, 32, "-2"},
        {"modifiers: {x: {multiply: {CL: 1e9}, routes: [iv], source: s, tier: A}}", 13, 32, ""},
        {"modifiers: {x: {multiply: {}, routes: [iv], source: s, tier: A}}", 13, 27,
         "at least one parameter"},
        {"modifiers: {x: {multiply: {CL: 2}, routes: [oral], source: s, tier: A}}", 13, 45,
         "no route 'oral'"},
        {"modifiers: {x: {multiply: {CL: 2}, routes: [], source: s, tier: A}}", 13, 44, "at least one route"},
        {"modifiers: {x: {multiply: {CL: 2}, routes: iv, source: s, tier: A}}", 13, 44, "list"},
        {"modifiers: {x: {multiply: {CL: 2}, routes: [iv], tier: A}}", 13, 16, "no 'source'"},
        {"modifiers: {x: {multiply: {CL: 2}, routes: [iv], source: s}}", 13, 16, "no 'tier'"},
        {"modifiers: {x: {multiply: {CL: 2}, routes: [iv], source: s, tier: C+}}", 13, 67, "C+"},
        {"modifiers: {x: {multply: {CL: 2}, routes: [iv], source: s, tier: A}}", 13, 17,
         "unknown key 'multply'"},
        {"modifiers: [x]", 13, 12, "map"},
        {"interactions: {x: y}", 13, 15, "list"},
        {"interactions:\n  - {with: x, route: oral, source: s, tier: A}", 14, 5, "no 'effect'"},
        {"interactions:\n  - {with: x, route: oral, effect: e, source: s, tier: A, factor: 2}", 14, 59,
         "unknown key 'factor'"},
        {"interactions: [x]", 13, 16, "map"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse_at(*state, rac_format(*state, "%s%s\n", ok, bad[i].text), bad[i].line, bad[i].column,
                  bad[i].words);
    const rac_model *model = read_model(
        *state,
        rac_format(*state,
                   "%s%smodifiers: {x: {multiply: {CL: 2}, routes: [iv], source: s, tier: A}}\n"
                   "interactions: [{with: y, route: smoked, effect: more, source: s, tier: B, note: n}]\n",
                   HEAD, ok),
        "t");
    assert_int_equal(rac_model_find_modifier(model, "x"), 0);
    assert_int_equal(rac_model_interactions(model), 1);
    assert_int_equal(rac_model_interaction(model, 0)->route,
                     -1); /* no route of this model: told, not refused */
    assert_string_equal(rac_model_interaction(model, 0)->route_name, "smoked");
}

/* What a user reads: the place, what is wrong, and what to do.  `line` counts from 9, the first after HEAD.
 */
static void test_pharma_model__every_kind_of_mistake_says_what_to_do(void **state)
{
    static const struct {
        const char *parameters, *rest; /* NULL: the usual ones */
        int line, column;
        const char *message, *hint;
    } bad[] = {
        /* units: the name without one is rarely on the line that fails */
        {"  V: 10\n  CL: 5 L/h\n", NULL, 12, 22, "a volume per time (L/h)",
         "CL is in L/h, V is a pure number"},
        {"  V: 10 L\n  CL: 5 mL\n", NULL, 12, 22, "expected a number per time (1/h)",
         "CL is in L, V is in L"},
        {"  V: 10 L + 3 kg\n  CL: 5 L/h\n", NULL, 10, 11, "the units do not match", "quantities of one kind"},
        /* names */
        {"  V: 10 L * (wieght / 70 kg)\n  CL: 5 L/h\n", NULL, 10, 14, "unknown name 'wieght'", "'weight'"},
        {"  V: CL * 2 h\n  CL: V / 2 h\n", NULL, 10, 6, "a circle of definitions: V -> CL -> V",
         "one of them"},
        {"  V: V\n  CL: 5 L/h\n", NULL, 10, 6, "'V' is defined by itself", "above it"},
        {"  V: CL * 2 h\n  CL: 5 L/h\n", NULL, 10, 6, "'CL' stands further down, on line 11",
         "move CL above V"},
        {"  V: 10 L\n  V: 12 L\n  CL: 5 L/h\n", NULL, 11, 3, "'V' is given twice, first on line 10", ""},
        /* numbers */
        {"  V: -10 L\n  CL: 5 L/h\n", NULL, 12, 9, "is -0.5 /h for the typical subject (weight 100 kg)",
         "CL is 5 L/h, V is -10 L"},
        {"  V: 0 L\n  CL: 5 L/h\n", NULL, 12, 9, "is not finite for the typical subject", "V is 0 L"},
        {"  V: 10 L\n  CL: 5 L/h / (1 - 1)\n", NULL, 11, 7, "CL is not finite", "division by 0"},
        {"  V: 10 L\n  CL: 5 L/h * (weight / 40 kg - 2)\n", NULL, 12, 9, "is -0.5 /h at weight 40 kg",
         "CL is -5"},
        {"  V: nan\n  CL: 5 L/h\n", NULL, 10, 6, "unknown name 'nan'", ""},
        {"  V: 10,5 L\n  CL: 5 L/h\n", NULL, 10, 8, "found ','", "decimal point"},
        /* variability */
        {NULL,
         "variability: [{of: V, cv: 30 %}, {of: V, cv: 20 %}]\nflows: {a -> out: CL / V}\nroutes: {iv: a}\n"
         "outputs: {c: a / V}\n",
         12, 39, "'V' varies between subjects already", ""},
        {NULL,
         "variability: [{of: [V, V], covariance: [[1], [0, 1]]}]\nflows: {a -> out: CL / V}\nroutes: {iv: "
         "a}\n"
         "outputs: {c: a / V}\n",
         12, 24, "'V' stands here twice", ""},
        {NULL,
         "variability: [{of: V, distribution: logit-normal, sd: 1}]\nflows: {a -> out: CL / V}\n"
         "routes: {iv: a}\noutputs: {c: a / V}\n",
         10, 6, "lies between 0 and 1", ""},
        {NULL,
         "variability: [{of: VV, cv: 30 %}]\nflows: {a -> out: CL / V}\nroutes: {iv: a}\noutputs: {c: a / "
         "V}\n",
         12, 20, "no parameter 'VV'", "did you mean 'V'?"},
        /* flows */
        {NULL, "flows: {a -> out: CL / V, out -> a: CL / V}\nroutes: {iv: a}\noutputs: {c: a / V}\n", 12, 27,
         "outside the body", ""},
        {NULL, "flows:\n  a -> out: CL / V\n  a->out: CL / V\nroutes: {iv: a}\noutputs: {c: a / V}\n", 14, 3,
         "given twice, first on line 13", "add the rates"},
        {NULL,
         "flows: {centre -> out: CL / V, centr -> out: CL / V}\nroutes: {iv: centre}\noutputs: {c: centre / "
         "V}\n",
         12, 32, "nothing enters 'centr'", "did you mean 'centre'?"},
        /* routes */
        {NULL, "flows: {a -> out: CL / V}\nroutes: {iv: central}\noutputs: {c: a / V}\n", 13, 14,
         "no compartment 'central'", "did you mean 'a'?"},
        {NULL, "flows: {a -> out: CL / V}\nroutes: {iv: []}\noutputs: {c: a / V}\n", 13, 14,
         "at least one compartment", ""},
        {NULL, "flows: {a -> out: CL / V}\nroutes: {by vein: a}\noutputs: {c: a / V}\n", 13, 10,
         "is not a name", ""},
        {NULL, "flows: {a -> out: CL / V}\nroutes: {iv: {to: a, fraction: 0 - 0.5}}\noutputs: {c: a / V}\n",
         13, 14, "the fraction is -0.5", ""},
        {NULL, "flows: {a -> out: CL / V}\nroutes: {iv: {to: a, lag: -1 h}}\noutputs: {c: a / V}\n", 13, 14,
         "the lag is -1 h", ""},
        {NULL, "flows: {a -> out: CL / V}\nroutes: {iv: {to: a, duration: 0 h}}\noutputs: {c: a / V}\n", 13,
         14, "a duration is positive", ""},
        /* outputs and error */
        {NULL, "flows: {a -> out: CL / V}\nroutes: {iv: a}\noutputs: {c top: a / V}\n", 14, 11,
         "is not a name", ""},
        {NULL, "flows: {a -> out: CL / V}\nroutes: {iv: a}\noutputs: {c: a / V}\nerror: [c]\n", 15, 8,
         "expected a map", ""},
        {NULL, "flows: {a -> out: CL / V}\nroutes: {iv: a}\noutputs: {c: a / V}\nerror: {c: {}}\n", 15, 12,
         "additive, proportional, both, or log", ""},
        {NULL,
         "flows: {a -> out: CL / V}\nroutes: {iv: a}\noutputs: {c: a / V}\nerror: {c: {additive: -3 mg/L}}\n",
         15, 23, "is -3 mg/L, allowed at least 0", ""},
    };
    const char *usual =
        "flows: {a -> out: CL / V}\nroutes: {iv: a}\noutputs: {c: a / V}\nerror: {c: {log: 0.2}}\n";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rac_problems problems = rac_problems_init(*state);
        rac_model *model = NULL;
        const char *text = rac_format(*state, "%sparameters:\n%s%s", HEAD,
                                      bad[i].parameters ? bad[i].parameters : "  V: 10 L\n  CL: 5 L/h\n",
                                      bad[i].rest ? rac_format(*state, "%s", bad[i].rest) : usual);
        rac_model_read(*state, rac_text_of(text), "t.yaml", &model, &problems);
        assert_null(model);
        for (size_t k = 1; k < problems.count; k++)
            fprintf(stderr, "case %zu, one too many: %s\n", i, problems.items[k].message);
        assert_int_equal(problems.count, 1); /* one mistake, one problem */
        check_contains(problems.items[0].message, bad[i].message);
        check_contains(problems.items[0].hint, bad[i].hint);
        assert_int_equal(problems.items[0].line, bad[i].line);
        assert_int_equal(problems.items[0].column, bad[i].column);
    }
}

static void test_pharma_model__what_is_no_map_is_told_once(void **state)
{
    rac_problems problems = rac_problems_init(*state);
    rac_model *model = NULL;
    rac_model_read(*state, rac_text_of("hello"), "t.yaml", &model, &problems);
    assert_int_equal(problems.count, 1);
    check_contains(problems.items[0].message, "expected a map");
}

static void test_pharma_model__faults_in_equations_are_placed(void **state)
{
    const char *ok = "parameters:\n  V: 10 L\n  k: 1 /h\nflows: {a -> out: k}\nroutes: {iv: a}\n"
                     "outputs: {c: a / V}\nequations:\n"; /* to line 15 */
    const struct {
        const char *equation, *words;
        int column;
    } cases[] = {
        {"  e: {unit: mg/L, rate: k * a * e / (e + 1 mg/L)}\n", "", 35}, /* mg/h where mg/L/h is due */
        {"  e: {unit: mg/L, rate: k * a / V - k * f}\n", "'f'", 41},     /* no such name */
        {"  e: {unit: mg/L, rate: k * a / V / (e / 1 mg/L)}\n", "not finite", 25}, /* 0 / 0 where it begins */
        {"  e: {unit: 1, rate: k * log(a / 1 mg)}\n", "not finite", 22},           /* log 0 */
        {"  e: {unit: 1, rate: k * (1 - e), start: 1 / (V - V) * 1 L}\n", "not finite", 42},
        {"  e: {unit: 1, rate: k * (1 - e), start: 3 mg}\n", "", 42}, /* mg where 1 is due */
        {"  e: {unit: 1, rate: k * (1 - e), start: e}\n", "'e'", 42}, /* a start from amounts */
        {"  e: {unit: 1, rate: k * (1 - e), begin: 3}\n", "begin", 35},
        {"  a: {unit: mg, rate: 0 - k * a * a / 1 mg}\n", "has flows already", 3},
        {"  k: {unit: mg, rate: k * k}\n", "already the name", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse_at(*state, rac_format(*state, "%s%s", ok, cases[i].equation), 16, cases[i].column,
                  cases[i].words);
}

static void test_pharma_model__a_concentration_receives_no_dose(void **state)
{
    refuse(*state,
           "parameters:\n  V: 10 L\n  k: 1 /h\nflows: {a -> out: k}\n"
           "equations: {e: {unit: mg/L, rate: k * (a / V - e)}}\nroutes: {iv: e}\noutputs: {c: a / V}\n",
           14, "only an amount can receive a dose");
}

static void test_pharma_model__every_fault_is_reported_at_once(void **state)
{
    rac_problems problems = rac_problems_init(*state);
    rac_model *model = NULL;
    const char *text = rac_format(
        *state,
        "%sparameters: {V: 10 L * wait, k: 1 kg}\nflows: {a -> out: k}\nroutes: {iv: b}\noutputs: {c: a}\n",
        HEAD);
    rac_model_read(*state, rac_text_of(text), "t", &model, &problems);
    assert_true(problems.count >= 3);
}

/* Derivatives of every parameter with respect to every deviation against central differences, whose own error
 * at this step is about 1e-9. */
static void test_pharma_model__derivatives_are_derivatives(void **state)
{
    const rac_model *model = shipped_model(*state, "esketamine");
    const size_t n = rac_model_parameters(model), etas = rac_model_etas(model);
    const double covariates[] = {70 * 8766.0, 1, 1};
    double eta[64], slopes[64 * 64], at[64], up[64], down[64];
    assert_true(n <= 64 && etas <= 64 && etas == 11);
    rac_error err = {0};
    for (size_t e = 0; e < etas; e++)
        eta[e] = 0.1 * (double)e - 0.4;
    check_ok(rac_model_evaluate(*state, model, covariates, eta, at, slopes, &err));
    int moved = 0;
    for (size_t e = 0; e < etas; e++) {
        const double middle = eta[e], step = 1e-5;
        eta[e] = middle + step;
        check_ok(rac_model_evaluate(*state, model, covariates, eta, up, NULL, &err));
        eta[e] = middle - step;
        check_ok(rac_model_evaluate(*state, model, covariates, eta, down, NULL, &err));
        eta[e] = middle;
        for (size_t i = 0; i < n; i++) {
            check_near(slopes[i * etas + e], (up[i] - down[i]) / (2 * step), 1e-8, 1e-7);
            moved += slopes[i * etas + e] < 0 || slopes[i * etas + e] > 0;
        }
    }
    assert_true(moved >= 13); /* each eta moves its parameter; FR moves FRn and FRlater too */
}

static void test_pharma_model__powers_roots_and_choices_have_derivatives(void **state)
{
    const char *body = "parameters:\n  a: 2.385\n  b: a^1.5 + 2^a\n  c: sqrt(a) * log(a) / exp(a) - abs(-a)\n"
                       "  choice: if a > 2 then min(a, 5) else a^2\n  most: max(a, 3)\n"
                       "variability:\n  - {of: a, distribution: normal, sd: 1}\n"
                       "flows: {x -> out: 1 /h}\nroutes: {iv: x}\noutputs: {y: x}\n";
    const rac_model *model = read_model(*state, rac_format(*state, "%s%s", HEAD, body), "t");
    const double weight[] = {70}, a = 2.385, zero[] = {0};
    double p[5], slope[5];
    rac_error err = {0};
    check_ok(rac_model_evaluate(*state, model, weight, zero, p, slope, &err));
    check_near(p[1], pow(a, 1.5) + pow(2, a), 0, 1e-14);
    check_near(slope[1], 1.5 * sqrt(a) + pow(2, a) * log(2), 0, 1e-14);
    check_near(p[2], sqrt(a) * log(a) * exp(-a) - a, 0, 1e-14);
    check_near(slope[2], exp(-a) * (log(a) / (2 * sqrt(a)) + 1 / sqrt(a) - sqrt(a) * log(a)) - 1, 0, 1e-14);
    check_near(slope[3], 1, 0, 0);
    check_near(slope[4], 0, 0, 0);
    check_near(p[4], 3, 0, 0);
}

/* Bytes of a shipped file changed, dropped, doubled and exchanged at random: the reader answers, and what it
 * accepts runs or says why not.  Meant to be run under the address and undefined-behaviour sanitizers. */
static void test_pharma_model__damaged_files_are_answered(void **state)
{
    (void)state;
    static const char *const names[] = {"racemic-arterial", "esketamine", "clements-1981",
                                        "esketamine-arterial", "../tests/data/nonlinear/feedback"};
    static const char alphabet[] = "0123456789.-+*/^()[]{}:,'\" \n#abLhmgk%>&!|";
    rac_random draws = rac_random_open(20260302, 2, RAC_RANDOM_TEST);
    int accepted = 0;
    for (int round = 0; round < 800; round++) {
        rac_arena *arena = rac_arena_new();
        char *text = read_shipped(arena, names[round % 5]);
        const size_t size = strlen(text);
        for (uint32_t change = 0; change <= rac_random_below(&draws, 4); change++) {
            const size_t at = rac_random_below(&draws, (uint32_t)size - 40),
                         length = 1 + rac_random_below(&draws, 20);
            if (rac_random_below(&draws, 2))
                text[at] = alphabet[rac_random_below(&draws, sizeof alphabet - 1)];
            else
                memmove(text + at, text + at + length, strlen(text + at + length) + 1);
            if (strlen(text) < 200)
                break;
        }
        rac_problems problems = rac_problems_init(arena);
        rac_model *model = NULL;
        const rac_status status = rac_model_read(arena, rac_text_of(text), "damaged", &model, &problems);
        assert_true((status == RAC_OK) == (model != NULL));
        assert_true(status == RAC_OK || problems.count > 0);
        if (model && rac_model_covariates(model) <= 8) {
            const double covariates[8] = {60, 1, 1, 60, 60, 60, 60, 60}, times_h[] = {0, 1, 24},
                         quantiles[] = {0.5};
            rac_regimen regimen = rac_regimen_new(arena);
            rac_regimen_add(&regimen, rac_dose_bolus(0, 0, 35));
            const rac_prediction_request ask = {.covariates = covariates,
                                                .regimen = &regimen,
                                                .times_h = times_h,
                                                .times = 3,
                                                .quantiles = quantiles,
                                                .quantile_count = 1,
                                                .subjects = 8};
            rac_prediction prediction;
            rac_error err = {0};
            if (!rac_pharma_predict(arena, model, &ask, &prediction, &err))
                for (size_t i = 0; i < prediction.outputs * 3; i++)
                    assert_true(isfinite(prediction.typical[i]) && isfinite(prediction.band[i]));
            accepted++;
        }
        rac_arena_free(arena);
    }
    assert_true(accepted > 20 && accepted < 780);
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_model__##name, open_arena, close_arena)
static void test_pharma_model__outputs_tell_their_unit_and_error(void **state)
{
    const rac_model *model = read_model(
        *state,
        rac_format(
            *state,
            "%sparameters:\n  V: 10 L\n  k: 1 /h\nflows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V, "
            "share: a / (a + 1 mg), gone: k * a}\nerror: {c: {proportional: 0.2}}\n",
            HEAD),
        "units");
    static const char *const units[] = {"mg/L", "1", "mg/h"};
    for (size_t o = 0; o < 3; o++) {
        assert_string_equal(rac_model_output_unit(model, o), units[o]);
        assert_int_equal(rac_model_output_has_error(model, o), o == 0);
    }
}

RAC_TESTS(T(units_are_checked_through_every_expression), T(faults_are_placed),
          T(a_value_may_carry_its_source), T(faults_of_modifiers_are_placed),
          T(every_kind_of_mistake_says_what_to_do), T(what_is_no_map_is_told_once),
          T(faults_in_equations_are_placed), T(a_concentration_receives_no_dose),
          T(every_fault_is_reported_at_once), T(damaged_files_are_answered), T(derivatives_are_derivatives),
          T(powers_roots_and_choices_have_derivatives), T(outputs_tell_their_unit_and_error))

/* Observation rows: published messages against their expected verdicts, what real feeds do, grouping,
 * broken input, and messages we write read back. */
#include "check.h"

#include "base/csv.h"
#include "link/hl7_oru.h"
#include "link/mllp.h"

static rac_text read_file(rac_arena *arena, const char *name)
{
    const char *source = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/tests/data/hl7/%s", source ? source : ".", name), "rb");
    assert_non_null(file);
    char *bytes = rac_arena_alloc(arena, 1 << 16);
    const size_t size = fread(bytes, 1, 1 << 16, file);
    fclose(file);
    return (rac_text){bytes, size};
}

static const rac_hl7_sender delhi = {.has_zone = true, .zone_min = 330};

static rac_hl7_observations read_message(rac_arena *arena, rac_text bytes, const rac_hl7_sender *sender)
{
    rac_error err = {0};
    rac_hl7_message message;
    rac_hl7_observations all = {0};
    check_ok(rac_hl7_parse(arena, bytes, NULL, &message, &err));
    check_ok(rac_hl7_observations_read(arena, &message, sender, &all, &err));
    return all;
}

/* ---- published messages ---- */

static rac_instant expected_time(rac_arena *arena, rac_text cell)
{
    rac_error err = {0};
    rac_instant instant;
    const char *const iso = rac_text_copy(arena, cell);
    check_ok(rac_instant_parse(rac_text_of(cell.size == 19 ? rac_format(arena, "%s+05:30", iso) : iso),
                               &instant, &err));
    return instant;
}

static void check_row(rac_arena *arena, const rac_csv_table *table, size_t i, const rac_hl7_observation *row)
{
    const rac_text sign = rac_csv_find(table, "sign")->cells[i],
                   value = rac_csv_find(table, "value")->cells[i];
    const rac_text time = rac_csv_find(table, "time")->cells[i], why = rac_csv_find(table, "why")->cells[i];
    assert_string_equal(rac_hl7_verdict_name(row->verdict),
                        rac_text_copy(arena, rac_csv_find(table, "verdict")->cells[i]));
    if (sign.size) {
        const rac_mdc_quantity_row quantity = rac_mdc_quantity_about(row->quantity);
        assert_true(rac_text_is(sign, quantity.name));
        assert_true(rac_text_is(rac_csv_find(table, "unit")->cells[i], quantity.ucum));
    }
    if (sign.size && value.size) {
        double number = 0;
        assert_int_equal(rac_number_parse(value, &number, NULL), RAC_OK);
        assert_true(row->has_value);
        check_near(row->converted, number, 0, 1e-12);
    }
    if (time.size) {
        assert_true(row->has_time);
        /* The list leaves fractions of a second out. */
        assert_true(row->observed.ms / 1000 == expected_time(arena, time).ms / 1000);
    }
    if (row->verdict == RAC_HL7_SIMULATED || row->verdict == RAC_HL7_REJECTED)
        check_contains(row->reason, rac_text_copy(arena, why));
    assert_int_equal(row->verdict == RAC_HL7_CHART, row->reason[0] == '\0');
}

static void test_link_oru__published_messages_give_the_expected_verdicts(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_csv_table table;
    check_ok(rac_csv_read(arena, read_file(arena, "expected.csv"), NULL, &table, &err));
    assert_true(table.rows > 30);
    for (size_t i = 0; i < table.rows; i++) {
        const char *const file = rac_text_copy(arena, rac_csv_find(&table, "file")->cells[i]);
        int64_t set;
        check_ok(rac_integer_parse(rac_csv_find(&table, "set")->cells[i], &set, &err));
        const rac_hl7_observations all = read_message(arena, read_file(arena, file), &delhi);
        assert_in_range(set, 1, all.count);
        check_row(arena, &table, i, &all.rows[set - 1]);
    }
    rac_arena_free(arena);
}

static void test_link_oru__who_where_and_with_what(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_hl7_observations all = read_message(arena, read_file(arena, "pcd01_gateway_icu_ucum.hl7"), &delhi);
    assert_string_equal(all.patient, "AB60001");
    assert_string_equal(all.bed, "3 WEST ICU 3001 1");
    assert_string_equal(all.control_id, "12d15a9:11df9e61347:-7fee:30456965");
    assert_string_equal(all.rows[0].device, "080019FFFF4F6AC0");
    assert_string_equal(all.rows[0].place, "1.6.1.1");
    all = read_message(arena, read_file(arena, "pocd_philips_mx_example.hl7"), &delhi);
    assert_string_equal(all.bed, "My Unit Bed1");
    assert_string_equal(all.application, "SendingApplication");
    assert_string_equal(all.rows[3].limits, "50-120");
    rac_arena_free(arena);
}

/* ---- what real feeds do ---- */

/* A message of a production monitor with these OBX lines. */
static rac_hl7_observations compose(rac_arena *arena, const char *lines)
{
    const char *const text =
        rac_format(arena,
                   "MSH|^~\\&|MON^0123456789ABCDEF^EUI-64||||20260302101500+0000||ORU^R01^ORU_R01|7|P|2.6\r"
                   "PID|||42\rPV1||I|U^R^B\rOBR|1||7|x|||20260302101400+0000\r%s",
                   lines);
    return read_message(arena, rac_text_of(text), NULL);
}

typedef struct surprise {
    const char *what, *line;
    rac_hl7_verdict verdict;
    const char *reason;
} surprise;

static const surprise surprises[] = {
    {"the plain case", "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1.1.1|97|262688^MDC_DIM_PERCENT^MDC|||||R",
     RAC_HL7_CHART, ""},
    /* Mindray */
    {"DEMO", "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||97|%||DEMO|||F", RAC_HL7_SIMULATED, "DEMO"},
    {"TEST beside an alarm flag", "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||97|%||ALACT~TEST|||F",
     RAC_HL7_SIMULATED, "TEST"},
    {"private codes", "OBX|1|NM|150456^SpO2^99MNDRY||97|%|||||F", RAC_HL7_OTHER, "99MNDRY"},
    /* Philips */
    {"MDIL hexadecimal", "OBX||NM|0002-4182^HR^MDIL|1|72|0004-0aa0^bpm^MDIL|||||R", RAC_HL7_CHART, ""},
    {"MDIL as second coding", "OBX||NM|HR^Heart rate^L^0002-4182^HR^MDIL|1|72|bpm|||||R", RAC_HL7_CHART, ""},
    {"MDIL private", "OBX||NM|0002-f0a1^x^MDIL|1|72|0004-0aa0^bpm^MDIL|||||R", RAC_HL7_OTHER, "private"},
    {"alert as text", "OBX||TX|0001-0002^2^MDIL-ALERT|1|2^Yellow Alarm^MDIL-ALERT||||||R", RAC_HL7_OTHER,
     "MDIL-ALERT"},
    {"two codings that differ", "OBX||NM|150456^MDC_PULS_OXIM_SAT_O2^MDC^0002-4182^HR^MDIL|1|72|%|||||R",
     RAC_HL7_CONFLICT, "different quantities"},
    /* GE */
    {"device tree", "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X", RAC_HL7_OTHER,
     "device"},
    {"UTF-8 name", "OBX|1|NM|188736^Gewicht K\xC3\xB6rper^MDC||81|kg|||||F", RAC_HL7_CONFLICT,
     "does not confirm"},
    /* Comen */
    {"8388607 with X", "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||8388607|%|||||X", RAC_HL7_REJECTED,
     "no value"},
    {"weight 0", "OBX|1|NM|188736^MDC_MASS_BODY_ACTUAL^MDC||0|kg|||||F", RAC_HL7_REJECTED, "possible range"},
    {"another code under this name", "OBX|1|NM|150017^MDC_PRESS_BLD_NONINV_SYS^MDC||120|mmHg|||||F",
     RAC_HL7_CONFLICT, "150017"},
    {"another name under this code", "OBX|1|NM|150456^MDC_ECG_HEART_RATE^MDC||97|%|||||F", RAC_HL7_CONFLICT,
     "MDC_PULS_OXIM_SAT_O2"},
    /* Creative */
    {"-999 and no status", "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||-999|%", RAC_HL7_REJECTED, "no value"},
    {"-99.9", "OBX|1|NM|150344^MDC_TEMP^MDC||-99.9|268192^MDC_DIM_DEGC^MDC", RAC_HL7_REJECTED, "no value"},
    /* others */
    {"-1", "OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC||-1|bpm|||||F", RAC_HL7_REJECTED, "no value"},
    {"-100", "OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC||-100|bpm|||||F", RAC_HL7_REJECTED, "no value"},
    {"-10000", "OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC||-10000|bpm|||||F", RAC_HL7_REJECTED, "no value"},
    {"fields shifted by one", "OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1|1|72|bpm|||||F", RAC_HL7_REJECTED,
     "unit"},
    {"Russian name", "OBX|1|NM|147842^\xD0\xA7\xD0\xA1\xD0\xA1^MDC||72|bpm|||||F", RAC_HL7_CONFLICT,
     "confirm"},
    {"infusion status in words", "OBX|1|CWE|184508^MDC_PUMP_STAT^MDC|1.1.1.1|^pump-status-infusing||||||R",
     RAC_HL7_OTHER, "nothing"},
    {"Welch Allyn", "OBX|1|NM|tt-0005-03^InsOxy^WelchAllyn||28|%|||||F", RAC_HL7_OTHER, "WelchAllyn"},
    /* units and values */
    {"kilopascal", "OBX|1|NM|150021^MDC_PRESS_BLD_NONINV_SYS^MDC||16|265987^MDC_DIM_KILO_PASCAL^MDC|||||F",
     RAC_HL7_CHART, ""},
    {"Fahrenheit under another code", "OBX|1|NM|150344^MDC_TEMP^MDC||98.6|268224^MDC_DIM_FAHR^MDC|||||F",
     RAC_HL7_REJECTED, "unit '268224'"},
    {"unit's code and name differ", "OBX|1|NM|150344^MDC_TEMP^MDC||98.6|268192^MDC_DIM_FAHR^MDC|||||F",
     RAC_HL7_REJECTED, "the unit's code is Cel"},
    {"a unit of something else", "OBX|1|NM|150344^MDC_TEMP^MDC||37|mmHg|||||F", RAC_HL7_REJECTED,
     "converted"},
    {"no unit", "OBX|1|NM|150344^MDC_TEMP^MDC||37||||||F", RAC_HL7_REJECTED, "no unit"},
    {"temperature in Fahrenheit called Celsius", "OBX|1|NM|150344^MDC_TEMP^MDC||98.6|Cel|||||F",
     RAC_HL7_REJECTED, "possible range 20 to 45"},
    {"saturation over 100", "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||127|%|||||F", RAC_HL7_REJECTED,
     "range"},
    {"a comparison", "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||>90|%|||||F", RAC_HL7_REJECTED,
     "plain number"},
    {"a decimal comma", "OBX|1|NM|150344^MDC_TEMP^MDC||36,5|Cel|||||F", RAC_HL7_REJECTED, "plain number"},
    {"two values", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5~36.6|Cel|||||F", RAC_HL7_REJECTED, "more than one"},
    {"a text", "OBX|1|ST|150344^MDC_TEMP^MDC||36.5|Cel|||||F", RAC_HL7_REJECTED, "'ST'"},
    {"a deletion by value", "OBX|1|NM|150344^MDC_TEMP^MDC||\"\"|Cel|||||F", RAC_HL7_REJECTED, "deletes"},
    /* status and flags */
    {"deleted", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel|||||D", RAC_HL7_REJECTED, "status D"},
    {"corrected", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel|||||C", RAC_HL7_REJECTED, "status C"},
    {"no result", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel|||||X", RAC_HL7_REJECTED, "status X"},
    {"preliminary", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel|||||P", RAC_HL7_REJECTED, "status P"},
    {"unknown status", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel|||||Q", RAC_HL7_REJECTED, "status Q"},
    {"invalid", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel||INV|||R", RAC_HL7_REJECTED, "INV"},
    {"questionable among alarms", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel||H~ALACT~QUES|||R",
     RAC_HL7_REJECTED, "QUES"},
    {"an alarm does not hide a value", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel||HH~PH~ALACT|||R",
     RAC_HL7_CHART, ""},
    {"a flag nobody knows", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel||WIBBLE|||R", RAC_HL7_REJECTED, "WIBBLE"},
    {"an unreadable time is not replaced", "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel|||||R|||yesterday",
     RAC_HL7_REJECTED, "not a time"},
    {"a time without zone from a sender without one",
     "OBX|1|NM|150344^MDC_TEMP^MDC||36.5|Cel|||||R|||20260302101300", RAC_HL7_REJECTED, "no zone"},
};

static void test_link_oru__surprises_of_real_feeds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof surprises / sizeof *surprises; i++) {
        const surprise *const s = &surprises[i];
        rac_arena *arena = rac_arena_new();
        /* A good neighbour before and behind: one bad row never loses them. */
        const char *const good =
            "OBX|1|NM|151562^MDC_RESP_RATE^MDC||14|264928^MDC_DIM_RESP_PER_MIN^MDC|||||R\r";
        const rac_hl7_observations all = compose(arena, rac_format(arena, "%s%s\r%s", good, s->line, good));
        assert_int_equal(all.count, 3);
        const rac_hl7_observation *const row = &all.rows[1];
        if (row->verdict != s->verdict || !strstr(row->reason, s->reason))
            fprintf(stderr, "%s: %s '%s'\n", s->what, rac_hl7_verdict_name(row->verdict), row->reason);
        assert_int_equal(row->verdict, s->verdict);
        check_contains(row->reason, s->reason);
        assert_int_equal(all.rows[0].verdict, RAC_HL7_CHART);
        assert_int_equal(all.rows[2].verdict, RAC_HL7_CHART);
        rac_arena_free(arena);
    }
}

static void test_link_oru__an_old_cuff_reading_keeps_its_time_and_its_parts(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_hl7_observations all = compose(
        arena,
        "OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1|72|bpm|||||R\r"
        "OBX|2|NM|150021^MDC_PRESS_BLD_NONINV_SYS^MDC|1.2.1|128|mmHg|||||R|||20260302100000.0000+0530\r"
        "OBX|3|NM|150022^MDC_PRESS_BLD_NONINV_DIA^MDC|1.2.2|78|mmHg|||||R|||20260302100000.0000+0530\r"
        "OBX|4|NM|150033^MDC_PRESS_BLD_ART_SYS^MDC|1.3.1|131|mmHg|||||R\r"
        "OBX|5|NM|150023^MDC_PRESS_BLD_NONINV_MEAN^MDC|1.2.3|95|mmHg|||||R|||20260302100000.0000+0530\r"
        "OBX|6|NM|150034^MDC_PRESS_BLD_ART_DIA^MDC|1.3.2|79|mmHg|||||R\r"
        "OBX|7|NM|150021^MDC_PRESS_BLD_NONINV_SYS^MDC|1.2.1|126|mmHg|||||R|||20260302101000+0530\r");
    assert_int_equal(all.charted, 7);
    assert_string_equal(rac_instant_format(arena, all.rows[0].observed), "2026-03-02T10:14:00Z");
    assert_string_equal(rac_instant_format(arena, all.rows[1].observed), "2026-03-02T04:30:00Z");
    assert_int_equal(all.rows[1].measurement, all.rows[2].measurement);
    assert_int_equal(all.rows[1].measurement, all.rows[4].measurement);
    assert_int_equal(all.rows[3].measurement, all.rows[5].measurement);
    assert_true(all.rows[3].measurement != all.rows[1].measurement);
    assert_true(all.rows[6].measurement != all.rows[1].measurement);
    assert_int_equal(all.measurements, 4);
    rac_arena_free(arena);
}

static void test_link_oru__a_channel_gives_its_time_to_its_metrics(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_hl7_observations all =
        compose(arena, "OBX|1||150020^MDC_PRESS_BLD_NONINV^MDC|1.0.1|||||||X|||20260302090000+0000\r"
                       "OBX|2|NM|150021^MDC_PRESS_BLD_NONINV_SYS^MDC|1.0.1.1|128|mmHg|||||R\r"
                       "OBX|3|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.0.10.1|97|%|||||R\r");
    assert_string_equal(rac_instant_format(arena, all.rows[1].observed), "2026-03-02T09:00:00Z");
    assert_string_equal(rac_instant_format(arena, all.rows[2].observed), "2026-03-02T10:14:00Z");
    rac_arena_free(arena);
}

static void test_link_oru__one_of_two_channels_is_preferred(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_hl7_observations all =
        compose(arena, "OBX|1|NM|149530^MDC_PULS_OXIM_PULS_RATE^MDC|1|71|bpm|||||R\r"
                       "OBX|2|NM|147842^MDC_ECG_HEART_RATE^MDC|2|72|bpm|||||R\r"
                       "OBX|3|NM|151578^MDC_TTHOR_RESP_RATE^MDC|3|15|rpm|||||R\r"
                       "OBX|4|NM|151594^MDC_CO2_RESP_RATE^MDC|4|14|rpm|||||R\r"
                       "OBX|5|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|5.1|97|%|||||R\r"
                       "OBX|6|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|5.2|95|%|||||R\r"
                       "OBX|7|NM|151562^MDC_RESP_RATE^MDC|7|-1|rpm|||||R\r");
    static const bool expected[] = {false, true, false, true, true, false, false};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(all.rows[i].preferred, expected[i]);
    assert_int_equal(all.charted, 6);
    rac_arena_free(arena);
}

static void test_link_oru__a_systolic_below_its_diastolic_is_not_charted(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_hl7_observations all =
        compose(arena, "OBX|1|NM|150021^MDC_PRESS_BLD_NONINV_SYS^MDC|1.1|78|mmHg|||||R\r"
                       "OBX|2|NM|150022^MDC_PRESS_BLD_NONINV_DIA^MDC|1.2|128|mmHg|||||R\r"
                       "OBX|3|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|5.1|97|%|||||R\r");
    assert_int_equal(all.charted, 1);
    assert_int_equal(all.rows[0].verdict, RAC_HL7_REJECTED);
    check_contains(all.rows[1].reason, "not above the diastolic");
    rac_arena_free(arena);
}

static void test_link_oru__headers_real_feeds_send(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    /* Philips: no MSH-3..7, version 2.3, no set ids, marked T although live. */
    const char *const philips =
        "MSH|^~\\&|||||||ORU^R01|HP1|T|2.3||||||8859/1\rPID|||\"\"\rOBR|||||||20260302101400\r"
        "OBX||NM|0002-4bb8^SpO2^MDIL|0|97|0004-0220^%^MDIL|||||R\r";
    rac_hl7_observations all = read_message(arena, rac_text_of(philips), &delhi);
    assert_int_equal(all.rows[0].verdict, RAC_HL7_SIMULATED);
    assert_string_equal(all.patient, "");
    const rac_hl7_sender live = {.has_zone = true, .training_is_live = true};
    all = read_message(arena, rac_text_of(philips), &live);
    assert_int_equal(all.rows[0].verdict, RAC_HL7_CHART);
    /* The same without a configured zone: kept, not charted, and no time is made up. */
    const rac_hl7_sender zoneless = {.training_is_live = true};
    all = read_message(arena, rac_text_of(philips), &zoneless);
    assert_int_equal(all.rows[0].verdict, RAC_HL7_REJECTED);
    assert_false(all.rows[0].has_time);
    check_contains(all.rows[0].reason, "no zone");
    /* B. Braun: no segment end before PID, so there is no PID: the patient is unknown, not wrong. */
    all = read_message(
        arena,
        rac_text_of("MSH|^~\\&|PUMP||||20260302101400+0000||ORU^R01|1|P|2.6|||||||||IHE^1^ISOPID|||42\r"
                    "OBR|1\rOBX|1|CWE|184508^MDC_PUMP_STAT^MDC||^pump-status-infusing||||||R\r"),
        NULL);
    assert_string_equal(all.patient, "");
    assert_int_equal(all.charted, 0);
    /* Two patients in one message: each row knows its own. */
    all = read_message(
        arena,
        rac_text_of("MSH|^~\\&|G||||20260302101400+0000||ORU^R01|1|P|2.6\rPID|||1\rOBR|1\rOBX|1|NM|a\r"
                    "PID|||2\rOBR|2\rOBX|1|NM|a\r"),
        NULL);
    assert_string_equal(all.rows[0].patient, "1");
    assert_string_equal(all.rows[1].patient, "2");
    rac_arena_free(arena);
}

/* ---- broken input ---- */

static void test_link_oru__wrong_types_and_missing_segments_are_for_the_acknowledgement(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        rac_status status;
        const char *acknowledgement;
    } cases[] = {
        {"MSH|^~\\&|A||||2026||ADT^A01|1|P|2.6\rPID|||1\r", RAC_UNSUPPORTED,
         "MSA|AR|1|message type ADT\\S\\A01"},
        {"MSH|^~\\&|A||||2026|||1|P|2.6\r", RAC_UNSUPPORTED, "MSA|AR|1"},
        {"MSH|^~\\&|A||||2026||ORU^R40|1|P|2.6\rOBR|1\r", RAC_UNSUPPORTED, "ERR|||200^"},
        {"MSH|^~\\&|A||||2026||ORU^R01|1|P|2.6\rPID|||1\rOBX|1\r", RAC_INVALID,
         "MSA|AE|1|the OBR segment is missing"},
        {"MSH|^~\\&|A||||2026||ORU^R01|1|P|2.6\rOBR|1\r", RAC_OK, "MSA|AA|1\r"},
        {"MSH|^~\\&|A||||2026||ORU^R01|1|P|2.6\rOBR|1\rOBX|1|NM|1504", RAC_OK, "MSA|AA|1\r"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rac_arena *arena = rac_arena_new();
        rac_error err = {0};
        rac_hl7_message message;
        rac_hl7_observations all;
        rac_hl7_answer answer = {.control_id = "9"};
        check_ok(rac_hl7_parse(arena, rac_text_of(cases[i].bytes), NULL, &message, &err));
        check_status(rac_hl7_observations_read(arena, &message, NULL, &all, &err), cases[i].status);
        rac_hl7_answer_for(&err, &answer);
        check_contains(rac_text_copy(arena, rac_hl7_acknowledge(arena, &message, &answer)),
                       cases[i].acknowledgement);
        rac_arena_free(arena);
    }
}

static void test_link_oru__any_cut_of_a_message_is_survived(void **state)
{
    (void)state;
    rac_arena *source = rac_arena_new();
    const rac_text whole = read_file(source, "simhospital_vitals_1.hl7");
    for (size_t size = 0; size <= whole.size; size++) {
        rac_arena *arena = rac_arena_new();
        rac_hl7_message message;
        rac_hl7_observations all;
        char *copy = malloc(size ? size : 1); /* its own block, so that reading past the cut shows */
        memcpy(copy, whole.data, size);
        if (!rac_hl7_parse(arena, (rac_text){copy, size}, NULL, &message, NULL))
            (void)rac_hl7_observations_read(arena, &message, &delhi, &all, NULL);
        free(copy);
        rac_arena_free(arena);
    }
    rac_arena_free(source);
}

/* ---- writing ---- */

static void test_link_oru__what_is_written_is_charted(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_instant at;
    check_ok(rac_instant_parse(rac_text_of("2026-03-02T10:15:00.250Z"), &at, &err));
    rac_hl7_sample samples[RAC_QUANTITY_COUNT];
    for (int q = 0; q < RAC_QUANTITY_COUNT; q++) {
        const rac_mdc_quantity_row row = rac_mdc_quantity_about((rac_mdc_quantity)q);
        const bool diastolic = row.reading == RAC_READING_DBP;
        samples[q] =
            (rac_hl7_sample){(rac_mdc_quantity)q, diastolic ? row.low + 2.385 : row.high - 2.385, at};
    }
    const rac_hl7_source source = {.application = "RACEMATE DEMO",
                                   .device = "0123456789ABCDEF",
                                   .bed = "Chair^2",
                                   .patient = "P|1",
                                   .control_id = "D1",
                                   .sent = at};
    rac_text bytes;
    check_ok(rac_hl7_observations_write(arena, &source, samples, RAC_QUANTITY_COUNT, &bytes, &err));
    rac_mllp_decoder decoder = {0};
    rac_text message;
    size_t consumed;
    assert_int_equal(rac_mllp_decode(&decoder, rac_mllp_encode(arena, bytes), &message, &consumed),
                     RAC_MLLP_MESSAGE);
    const rac_hl7_observations all = read_message(arena, message, NULL);
    assert_int_equal(all.count, RAC_QUANTITY_COUNT + 1);
    assert_int_equal(all.charted, RAC_QUANTITY_COUNT);
    assert_string_equal(all.patient, "P|1");
    assert_string_equal(all.bed, "Chair^2");
    assert_string_equal(all.application, "RACEMATE DEMO");
    for (int q = 0; q < RAC_QUANTITY_COUNT; q++) {
        const rac_hl7_observation *const row = &all.rows[q + 1];
        assert_int_equal(row->quantity, q);
        assert_true(row->converted == samples[q].value);
        assert_true(row->observed.ms == at.ms);
        assert_string_equal(row->device, "0123456789ABCDEF");
    }
    samples[0].value = NAN;
    check_status(rac_hl7_observations_write(arena, &source, samples, 1, &bytes, &err), RAC_INVALID);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_link_oru__published_messages_give_the_expected_verdicts),
          cmocka_unit_test(test_link_oru__who_where_and_with_what),
          cmocka_unit_test(test_link_oru__surprises_of_real_feeds),
          cmocka_unit_test(test_link_oru__an_old_cuff_reading_keeps_its_time_and_its_parts),
          cmocka_unit_test(test_link_oru__a_channel_gives_its_time_to_its_metrics),
          cmocka_unit_test(test_link_oru__one_of_two_channels_is_preferred),
          cmocka_unit_test(test_link_oru__a_systolic_below_its_diastolic_is_not_charted),
          cmocka_unit_test(test_link_oru__headers_real_feeds_send),
          cmocka_unit_test(test_link_oru__wrong_types_and_missing_segments_are_for_the_acknowledgement),
          cmocka_unit_test(test_link_oru__any_cut_of_a_message_is_survived),
          cmocka_unit_test(test_link_oru__what_is_written_is_charted))

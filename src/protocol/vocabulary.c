/* What a session supplies to expressions: one row a name.
 *
 * The ranges say what can be measured on a living adult or stand on a clock; checks use them to find
 * expressions that can never change, and nothing is refused by them at the bedside.  Pressure and MOAA/S
 * are intermittent: a cuff reading or a judgement speaks at once, a continuous signal may wait. */
#include "racemate/protocol.h"

#include <math.h>

/* A reading stands in three rows: its value, its age, and the last value before the drug started. */
#define READING(name, unit, low, high, intermittent, meaning)                                               \
    {name, RAC_FACT_NUMBER, unit, meaning, low, high, intermittent},                                        \
        {name ".age", RAC_FACT_NUMBER, "min", "time since that reading: " meaning, 0, INFINITY, false},     \
    {                                                                                                       \
        "baseline." name, RAC_FACT_NUMBER, unit, "last value before the drug started: " meaning, low, high, \
            false                                                                                           \
    }
#define NUMBER(name, unit, high, meaning)                    \
    {                                                        \
        name, RAC_FACT_NUMBER, unit, meaning, 0, high, false \
    }
#define TRUTH(name, meaning)                             \
    {                                                    \
        name, RAC_FACT_TRUTH, NULL, meaning, 0, 0, false \
    }

static const rac_vocabulary_row rows[] = {
    READING("sbp", "mmHg", 20, 350, true, "systolic pressure"),
    READING("dbp", "mmHg", 10, 250, true, "diastolic pressure"),
    READING("map", "mmHg", 10, 300, true, "mean arterial pressure"),
    READING("hr", "1/min", 0, 350, false, "heart rate"),
    READING("spo2", "%", 0, 100, false, "oxygen saturation"),
    READING("rr", "1/min", 0, 120, false, "breaths a minute"),
    READING("temp", "Cel", 20, 45, true, "temperature"),
    READING("moaas", "1", 0, 5, true, "MOAA/S sedation score, 5 is alert"),
    NUMBER("minutes.since_start", "min", INFINITY, "time since the infusion started"),
    NUMBER("minutes.since_drug", "min", INFINITY, "time since the last drug stopped"),
    NUMBER("given.mg", "mg", INFINITY, "ketamine given so far in this session"),
    NUMBER("dose.mg", "mg", INFINITY, "the planned dose"),
    TRUTH("weight.today", "weighed today"),
    TRUTH("vial.matches", "the scanned vial is the one of the plan"),
    TRUTH("plan.signed", "the plan is signed"),
    NUMBER("fasting.hours", "h", INFINITY, "time since the last solid food"),
    NUMBER("symptoms.open", "1", INFINITY, "symptoms neither resolved nor mild"),
    NUMBER("alarms.open", "1", INFINITY, "alarms active, or latched and not acknowledged"),
};

const rac_vocabulary_row *rac_vocabulary(size_t *count)
{
    *count = sizeof rows / sizeof *rows;
    return rows;
}

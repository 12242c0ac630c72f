/* What a session, and the course between sessions, supplies to expressions: one row a name.
 *
 * The ranges say what can be measured on a living adult or stand on a clock; checks use them to find
 * expressions that can never change, and nothing is refused by them at the bedside.  Pressure and MOAA/S
 * are intermittent: a cuff reading or a judgement speaks at once, a continuous signal may wait. */
#include "racemate/protocol.h"

#include <math.h>

/* A reading stands in three rows: its value, its age, and the last value before the drug started. */
#define READING(name, unit, low, high, intermittent, meaning)                                                  \
    {name, RAC_FACT_NUMBER, unit, meaning, low, high, intermittent, false},                                    \
        {name ".age", RAC_FACT_NUMBER, "min", "time since that reading: " meaning, 0, INFINITY, false, false}, \
    {                                                                                                          \
        "baseline." name, RAC_FACT_NUMBER, unit, "last value before the drug started: " meaning, low, high,    \
            false, false                                                                                       \
    }
#define NUMBER(name, unit, high, meaning)                           \
    {                                                               \
        name, RAC_FACT_NUMBER, unit, meaning, 0, high, false, false \
    }
#define TRUTH(name, meaning)                                    \
    {                                                           \
        name, RAC_FACT_TRUTH, NULL, meaning, 0, 0, false, false \
    }
#define COURSE_NUMBER(name, unit, low, high, meaning)                \
    {                                                                \
        name, RAC_FACT_NUMBER, unit, meaning, low, high, false, true \
    }
#define COURSE_TRUTH(name, meaning)                            \
    {                                                          \
        name, RAC_FACT_TRUTH, NULL, meaning, 0, 0, false, true \
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
    COURSE_NUMBER("course.infusions", "1", 0, INFINITY, "infusions given so far"),
    COURSE_NUMBER("course.improvement", "%", -INFINITY, 100,
                  "fall of the primary scale's score against the baseline, asked after the last infusion"),
    COURSE_TRUTH("course.response", "response by the protocol at that score"),
    COURSE_TRUTH("course.remission", "remission by the protocol at that score"),
    COURSE_NUMBER("last.dose", "mg/kg", 0, INFINITY, "the dose ordered at the last infusion"),
    COURSE_NUMBER("last.given", "%", 0, 100, "how much of the planned dose the last infusion gave"),
    COURSE_NUMBER("last.holds", "1", 0, INFINITY, "how often the last infusion was held"),
    COURSE_TRUTH("last.stopped_early", "the last infusion was stopped more than a minute before its end"),
    COURSE_NUMBER("last.peak_sbp", "mmHg", 20, 350,
                  "highest systolic pressure from the start of the last infusion on"),
};

const rac_vocabulary_row *rac_vocabulary(size_t *count)
{
    *count = sizeof rows / sizeof *rows;
    return rows;
}

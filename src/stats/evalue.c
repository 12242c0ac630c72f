/* E-values: see racemate/stats/evalue.h. */
#include "racemate/stats/evalue.h"

#include <math.h>

static double risk_ratio(rac_evalue_scale scale, double ratio)
{
    switch (scale) {
    case RAC_EVALUE_ODDS_RATIO_COMMON:
        return sqrt(ratio);
    case RAC_EVALUE_HAZARD_RATIO_COMMON:
        return (1 - exp2(-sqrt(ratio))) / (1 - exp2(-sqrt(1 / ratio)));
    case RAC_EVALUE_RISK_RATIO:
    case RAC_EVALUE_STANDARDISED:
        break;
    }
    return ratio;
}

static double evalue_at(double rr)
{
    const double away = rr < 1 ? 1 / rr : rr;
    return away + sqrt(away * (away - 1));
}

static rac_status of_difference(const rac_evalue_data *data, rac_evalue *evalue, rac_error *err)
{
    if (!isfinite(data->estimate) || !(data->se >= 0) || !isfinite(data->se))
        return rac_fail(err, RAC_INVALID,
                        "a standardised difference of %g with standard error %g has no E-value",
                        data->estimate, data->se);
    evalue->rr = exp(0.91 * data->estimate);
    evalue->limit_known = data->se > 0;
    if (evalue->limit_known) {
        evalue->rr_lower = exp(0.91 * data->estimate - 1.78 * data->se);
        evalue->rr_upper = exp(0.91 * data->estimate + 1.78 * data->se);
    }
    return RAC_OK;
}

static rac_status of_ratio(const rac_evalue_data *data, rac_evalue *evalue, rac_error *err)
{
    if (!(data->estimate > 0) || !isfinite(data->estimate))
        return rac_fail(err, RAC_INVALID, "a ratio of %g has no E-value, it must be positive",
                        data->estimate);
    evalue->rr = risk_ratio(data->scale, data->estimate);
    evalue->limit_known = data->lower != 0 || data->upper != 0;
    if (!evalue->limit_known)
        return RAC_OK;
    if (!(data->lower > 0 && data->lower <= data->estimate && data->estimate <= data->upper &&
          isfinite(data->upper)))
        return rac_fail(err, RAC_INVALID, "limits %g and %g do not enclose the ratio %g", data->lower,
                        data->upper, data->estimate);
    evalue->rr_lower = risk_ratio(data->scale, data->lower);
    evalue->rr_upper = risk_ratio(data->scale, data->upper);
    return RAC_OK;
}

rac_status rac_evalue_of(const rac_evalue_data *data, rac_evalue *evalue, rac_error *err)
{
    *evalue = (rac_evalue){.rr_lower = NAN, .rr_upper = NAN, .limit = NAN};
    const rac_status status = data->scale == RAC_EVALUE_STANDARDISED ? of_difference(data, evalue, err)
                                                                     : of_ratio(data, evalue, err);
    if (status != RAC_OK)
        return status;
    evalue->point = evalue_at(evalue->rr);
    if (!evalue->limit_known)
        return RAC_OK;
    if (evalue->rr_lower <= 1 && evalue->rr_upper >= 1)
        evalue->limit = 1;
    else
        evalue->limit = evalue_at(evalue->rr_lower > 1 ? evalue->rr_lower : evalue->rr_upper);
    return RAC_OK;
}

rac_status rac_evalue_of_means(double difference, double se, double sd, rac_evalue *evalue, rac_error *err)
{
    if (!(sd > 0) || !isfinite(sd))
        return rac_fail(err, RAC_INVALID, "the standard deviation is %g, it must be positive", sd);
    const rac_evalue_data data = {
        .scale = RAC_EVALUE_STANDARDISED, .estimate = difference / sd, .se = se / sd};
    return rac_evalue_of(&data, evalue, err);
}

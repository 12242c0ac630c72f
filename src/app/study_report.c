/* `racemate study report`: every analysis of a chart as one document. */
#include "app/internal.h"
#include "app/study.h"
#include "link/document_html.h"
#include "link/pdf.h"

RAC_DO(rac_do_study_report)
{
    rac_chart chart;
    rac_study_options options;
    rac_study_inputs inputs;
    rac_document document;
    rac_text html, pdf;
    rac_status status = rac_study_open(call, &chart, &options, &inputs, reply, err);
    if (status || (status = rac_study_document(call->arena, &chart, &options, &inputs, &document, err)) ||
        (status = rac_document_html(call->arena, &document, &html, err)))
        return status;
    if (rac_call_value(call, "pdf") && ((status = rac_pdf_make(call->arena, &document, &pdf, err)) ||
                                        (status = rac_call_write(call, "pdf", pdf.data, pdf.size, err))))
        return status;
    if (rac_call_value(call, "out"))
        return rac_call_write(call, "out", html.data, html.size, err);
    if (rac_call_value(call, "pdf"))
        return RAC_OK;
    reply->text = html.data;
    reply->json = json_pack("{s:s}", "html", html.data);
    return RAC_OK;
}

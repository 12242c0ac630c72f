/* Reading a whole protocol file: the sections in the order they need each other.  See racemate/protocol.h. */
#include "protocol/check.h"
#include "protocol/reader.h"

#include <string.h>

static void read_header(rac_reader *reader)
{
    rac_protocol *protocol = reader->protocol;
    const rac_yaml *root = reader->root;
    protocol->id = rac_take_id(reader, root, "protocol");
    protocol->title = rac_take_text(reader, root, "title");
    protocol->indication = rac_take_text(reader, root, "indication");
    protocol->setting = rac_take_text(reader, root, "setting");
    static const char *const forms[] = {"racemic", "S-ketamine"}, *const bases[] = {"base"},
                             *const routes[] = {"intravenous"};
    const rac_yaml *drug = rac_yaml_need(root, "drug", reader->problems);
    protocol->drug_name = protocol->drug_form = protocol->drug_basis = protocol->route = "";
    if (!drug)
        return;
    rac_take_keys(reader, drug, "name", "form", "basis", "route");
    protocol->drug_name = rac_take_text(reader, drug, "name");
    protocol->drug_form = forms[rac_take_word(reader, drug, "form", forms, RAC_COUNT(forms))];
    protocol->drug_basis = bases[rac_take_word(reader, drug, "basis", bases, RAC_COUNT(bases))];
    protocol->route = routes[rac_take_word(reader, drug, "route", routes, RAC_COUNT(routes))];
}

rac_status rac_protocol_read(rac_arena *arena, rac_text bytes, const char *file,
                             const rac_protocol **protocol, rac_problems *problems)
{
    *protocol = NULL;
    const size_t before = problems->count;
    const rac_yaml *root;
    const rac_status status = rac_yaml_read(arena, bytes, file, &root, problems);
    if (status != RAC_OK)
        return status;
    if (!rac_yaml_want_map(root, problems))
        return RAC_INVALID;
    rac_protocol *made = rac_new(arena, rac_protocol);
    made->file = rac_string_copy(arena, file);
    made->bytes = (rac_text){rac_text_copy(arena, bytes), bytes.size};
    rac_reader reader = {.arena = arena, .problems = problems, .protocol = made, .root = root};
    rac_take_keys(&reader, root, "protocol", "title", "indication", "drug", "setting", "sources", "facts",
                  "site", "screening", "dose", "preparation", "course", "monitoring", "conditions",
                  "reannounce", "reannounce_sources", "start", "second_checks", "discharge");
    read_header(&reader);
    rac_read_sources(&reader);
    rac_read_facts(&reader);
    rac_read_site(&reader);
    rac_read_check_ids(&reader);
    reader.names = rac_protocol_names(arena, made);
    rac_read_rules(&reader);
    rac_read_dose(&reader);
    rac_read_preparation(&reader);
    rac_read_course(&reader);
    rac_read_monitoring(&reader);
    rac_read_conditions(&reader);
    rac_read_checklists(&reader);
    rac_check_sources_used(&reader);
    if (problems->count == before)
        rac_check_expressions(arena, made, problems);
    if (problems->count > before)
        return RAC_INVALID;
    *protocol = made;
    return RAC_OK;
}

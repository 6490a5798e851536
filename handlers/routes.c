/* Every operation of the service, one row each. */
#include "handlers/handler.h"

#define PART "/api/v1/part/{part}/"

const struct fa_route fa_routes[] = {
    {"POST", "/api/v1/part/assets/", FA_ROUTE_NEW_PART | FA_ROUTE_FORM, fa_asset_fields,
     fa_asset_post},
    {"POST", PART "assets/", FA_ROUTE_NEW_PART | FA_ROUTE_FORM, fa_asset_fields, fa_asset_post},
    {"GET", PART "assets/", FA_ROUTE_HEAD | FA_ROUTE_QUERY | FA_ROUTE_FORM | FA_ROUTE_TEXT,
     fa_basename_fields, fa_asset_get},
    {"DELETE", PART "assets/", FA_ROUTE_QUERY | FA_ROUTE_FORM | FA_ROUTE_TEXT, fa_basename_fields,
     fa_asset_delete},
    {"GET", PART "upload-file/", FA_ROUTE_HEAD, NULL, fa_cad_get},
    {"DELETE", PART "upload-file/", 0, NULL, fa_cad_delete},
    {"GET", PART "visualization-file/", FA_ROUTE_HEAD, NULL, fa_visualization_get},
    {"GET", PART "thumbnail-file/", FA_ROUTE_HEAD | FA_ROUTE_QUERY, fa_thumbnail_fields,
     fa_thumbnail_get},
    {"GET", PART "analysis-results-file/", 0, NULL, fa_report_start},
    {"GET", PART "fetch-analysis-results-file/", FA_ROUTE_HEAD, NULL, fa_report_get},
    {"PUT", PART "fetch-analysis-results-file/", 0, NULL, fa_report_get},
    {"GET", PART "optimal-orientation-file/", 0, NULL, fa_orientation_start},
    {"GET", PART "fetch-optimal-orientation-file/", FA_ROUTE_HEAD, NULL, fa_orientation_get},
    {"GET", PART "zip-request-for-quotation/", FA_ROUTE_HEAD, NULL, fa_rfq_zip},
    {"GET", PART "mail-request-for-quotation/", 0, NULL, fa_rfq_mail},
    {"GET", "/api/v1/part/", FA_ROUTE_QUERY, fa_list_fields, fa_part_list},
    {"GET", PART, 0, NULL, fa_part_get},
    {"PATCH", PART, FA_ROUTE_FORM | FA_ROUTE_TEXT, fa_part_fields, fa_part_patch},
    {"DELETE", PART, 0, NULL, fa_part_delete},
    {"GET", "/api/v1/quota/", 0, NULL, fa_quota_get},
    {"POST", "/api/v1/ws-ticket/", 0, NULL, fa_ws_ticket_post},
    {"GET", "/healthz", FA_ROUTE_OPEN, NULL, fa_health_live},
    {"GET", "/readyz", FA_ROUTE_OPEN, NULL, fa_health_ready},
    {NULL, NULL, 0, NULL, NULL},
};

/* The parts that are Google's services. All of a process share one session. */
#ifndef PDF_OCR_GOOGLE_PARTS_H
#define PDF_OCR_GOOGLE_PARTS_H

#include "core/part.h"

extern const struct part firestore_part, cloud_tasks_part, cloud_storage_part, bigquery_part;

#endif

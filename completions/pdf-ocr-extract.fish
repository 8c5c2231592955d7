# Completion of pdf-ocr-extract; installed where fish looks for it. Options and formats are those that
# the command itself tells.
function __pdf_ocr_extract_options --description "Completes what --help tells"
    for line in (pdf-ocr-extract --help 2>/dev/null)
        string match --quiet --regex '^  (-(?<short>\w), )?--(?<long>[a-z-]+)( (?<takes>[A-Z,]+))? +(?<words>\w.*)' -- $line
        or continue
        set --local option --command=pdf-ocr-extract --long-option=$long --description=$words
        test -n "$short"; and set --append option --short-option=$short
        switch "$long $takes"
            case "format *"
                set --append option --exclusive \
                    --arguments=(string replace --regex ' \(.*' '' $words | string replace --all --regex ', | or ' ' ')
            case "engine *"
                set --append option --exclusive --arguments="auto text tesseract"
            case "tables *"
                set --append option --exclusive --arguments="all merged zip"
            case "type *"
                set --append option --exclusive --arguments="auto table form text"
            case "* FOLDER"
                set --append option --exclusive --arguments="(__fish_complete_directories)"
            case "* FILE"
                set --append option --require-parameter
            case "* ?*"
                set --append option --exclusive
        end
        complete $option
    end
    complete --command=pdf-ocr-extract --long-option=help --description="what the options do"
    complete --command=pdf-ocr-extract --long-option=version
end
__pdf_ocr_extract_options

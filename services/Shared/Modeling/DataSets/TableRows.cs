namespace DemoVlp.Modeling.DataSets;

/// <summary>What all data sets in tab-separated files share. None of these files has a header line.</summary>
internal static class TableRows
{
    /// <summary>What pandas takes for a missing value (pandas.read_csv, na_values).</summary>
    private static readonly HashSet<string> MissingWords = new(StringComparer.Ordinal)
    {
        "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    };

    /// <param name="request">What is opened.</param>
    /// <param name="path">The table.</param>
    /// <param name="least">Least number of columns.</param>
    /// <param name="most">Most columns.</param>
    /// <param name="parse">Makes an item of a row's fields, of which null is a missing value.</param>
    internal static IEnumerable<Row<TItem>> Read<TItem>(DataSetRequest request, string path, int least, int most, Func<RowPlace, string?[], Row<TItem>> parse) where TItem : DataSetItem
    {
        var file = Path.GetFileName(path);
        foreach (var row in TableReader.Read(path))
        {
            var place = new RowPlace(file, row.Number);
            if (row.Number == 1 && request.Compatibility.FirstRowLost)
                yield return new UnusableRow(place, "", UnusableReasons.FirstRowLost, "Taken for a header, as the published code does.");
            else if (row.QuoteOpen)
                yield return new UnusableRow(place, "", UnusableReasons.QuoteOpen, "The file ends inside of a quoted field; rows may have been taken for its text.");
            else if (row.Fields.Length < least || row.Fields.Length > most)
                yield return new UnusableRow(place, "", UnusableReasons.Columns, $"It has {row.Fields.Length} columns, not {least}{(most == least ? "" : " or more")}.");
            else
                yield return parse(place, Array.ConvertAll(row.Fields, field => IsMissing(field, request.Compatibility) ? null : field));
        }
    }

    private static bool IsMissing(string field, ReferenceCompatibility compatibility) => string.IsNullOrWhiteSpace(field) || (compatibility.WordsTakenAsMissing && MissingWords.Contains(field));
}

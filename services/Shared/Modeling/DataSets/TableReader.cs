using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace DemoVlp.Modeling.DataSets;

/// <summary>A record of a tab-separated file.</summary>
/// <param name="Number">From 1; empty lines do not count.</param>
/// <param name="Fields">Without the quotes around them.</param>
/// <param name="QuoteOpen">The file ends inside of this record's last field.</param>
internal readonly record struct TableRow(long Number, string[] Fields, bool QuoteOpen);

/// <summary>
/// Reads a tab-separated file as <c>pandas.read_csv(sep='\t')</c> splits it: a quote at the start of a field opens a quoted part, in which a doubled quote is one quote and tabs and
/// line ends are text; any other quote is text; empty lines are no records. UTF-8; other bytes become U+FFFD.
/// </summary>
internal static class TableReader
{
    /// <summary>Longer fields mean that a quote was never closed.</summary>
    internal const int MaximumField = 1 << 20;

    /// <summary>Longer rows are none: each of a million empty fields would take fifty times its own byte.</summary>
    internal const int MaximumRow = 1 << 22;

    private static readonly CsvConfiguration Format = new(CultureInfo.InvariantCulture) { Delimiter = "\t", HasHeaderRecord = false, BadDataFound = null, MaxFieldSize = MaximumField };

    internal static IEnumerable<TableRow> Read(string path)
    {
        using var reader = new RowReader(path);
        using var parser = new CsvParser(reader, Format);
        for (var number = 1L; Next(parser, path, number); number++)
        {
            reader.StartRow();
            // Only a record that was read to the end of the file can be open; looking at each one's text would double the work.
            yield return new TableRow(number, parser.Record!, reader.Peek() < 0 && EndsInQuote(parser.RawRecord));
        }
    }

    /// <summary>Hands out no more than <see cref="MaximumRow"/> characters without a row.</summary>
    private sealed class RowReader(string path) : StreamReader(path)
    {
        private readonly string path = path;
        private int sinceRow;

        internal void StartRow() => sinceRow = 0;

        public override int Read(char[] buffer, int index, int count)
        {
            var read = base.Read(buffer, index, count);
            return (sinceRow += read) <= MaximumRow ? read : throw DataSetRequest.Malformed(path, $"a row has more than {MaximumRow} characters.");
        }
    }

    private static bool Next(CsvParser parser, string path, long number)
    {
        try
        {
            return parser.Read();
        }
        catch (MaxFieldSizeException e)
        {
            throw DataSetRequest.Malformed(path, $"row {number} has a field of more than {MaximumField} characters; probably a quote is not closed.", e);
        }
    }

    private static bool EndsInQuote(string record)
    {
        var (quoted, fieldStart) = (false, true);
        for (var i = 0; i < record.Length; i++)
        {
            var c = record[i];
            if (quoted)
            {
                if (c != '"') continue;
                if (i + 1 < record.Length && record[i + 1] == '"') i++;
                else quoted = false;
            }
            else
            {
                quoted = fieldStart && c == '"';
                fieldStart = c is '\t' or '\n' or '\r';
            }
        }
        return quoted;
    }
}

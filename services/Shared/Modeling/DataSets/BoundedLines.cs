using System.Text;

namespace DemoVlp.Modeling.DataSets;

/// <summary>The lines of a text file, none longer than a limit: <see cref="StreamReader.ReadLine"/> would take a file without line ends into memory.</summary>
internal static class BoundedLines
{
    internal const int MaximumLength = 1 << 20;

    /// <summary>Line numbers from 1 and their text, which is null for a line that is too long. Empty lines are left out.</summary>
    internal static IEnumerable<(long Number, string? Text)> Read(string path)
    {
        using var reader = new StreamReader(path);
        var buffer = new char[1 << 14];
        var line = new StringBuilder();
        var (number, isTooLong) = (1L, false);
        for (int count; (count = reader.Read(buffer)) > 0;)
        {
            for (var start = 0; start < count;)
            {
                var end = Array.IndexOf(buffer, '\n', start, count - start);
                var length = (end < 0 ? count : end) - start;
                isTooLong |= line.Length + length > MaximumLength;
                if (!isTooLong) line.Append(buffer, start, length);
                start += length + 1;
                if (end < 0) continue;
                if (Finish(line, isTooLong) is not "" and var text) yield return (number, text);
                (number, isTooLong) = (number + 1, false);
            }
        }
        if (Finish(line, isTooLong) is not "" and var last) yield return (number, last);
    }

    private static string? Finish(StringBuilder line, bool isTooLong)
    {
        var text = isTooLong ? null : line.ToString().Trim();
        line.Clear();
        return text;
    }
}

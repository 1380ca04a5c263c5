using DemoVlp.Modeling.DataSets;
using FsCheck;
using FsCheck.Fluent;

namespace DemoVlp.Modeling.Tests.DataSets;

public sealed class TableReaderTests
{
    /// <summary>Expected fields are those of pandas' tokenizer (pandas/_libs/src/parser/tokenizer.c).</summary>
    [Theory]
    [InlineData("a\tb\nc\td\n", "a|b;c|d")]
    [InlineData("a\tb\r\nc\td", "a|b;c|d")]
    [InlineData("\"a\tb\"\tc\n", "a\tb|c")]
    [InlineData("\"he said \"\"x\"\"\"\tc\n", "he said \"x\"|c")]
    [InlineData("\"Hello,\" someone says.\tc\n", "Hello, someone says.|c")]
    [InlineData("a 5\" pipe\tc\n", "a 5\" pipe|c")]
    [InlineData("\"a\" \"b\tc\"\td\n", "a \"b|c\"|d")]
    [InlineData("\"line 1\nline 2\"\tc\nx\ty\n", "line 1\nline 2|c;x|y")]
    [InlineData("a\t\n\n\tb\n", "a|;|b")]
    [InlineData("\"\"\tb\n", "|b")]
    [InlineData(" \"a\tb\"\tc\n", " \"a|b\"|c")]
    public void Read_OfQuotesTabsAndLineEnds_SplitsAsPandas(string text, string expected)
    {
        using var folder = new DataSetFolder();

        var rows = TableReader.Read(folder.Write("t.tsv", text)).ToList();

        Assert.Equal(expected.Split(';').Select(row => row.Split('|')), rows.Select(row => row.Fields));
        Assert.Equal(Enumerable.Range(1, rows.Count).Select(n => (long)n), rows.Select(row => row.Number));
        Assert.DoesNotContain(rows, row => row.QuoteOpen);
    }

    [Fact]
    public void Read_OfWhatAWriterQuoted_GivesItBack()
    {
        using var folder = new DataSetFolder();
        var fields = Gen.Elements('a', 'b', '"', '\t', '\n', '\r', ' ', ',', 'é', '\\').ListOf().Select(c => new string([.. c]));
        var rows = fields.ListOf(3).Select(row => row.ToArray()).ListOf();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(rows.ToArbitrary(), table =>
        {
            var text = string.Concat(table.Select(row => string.Join('\t', row.Select(Quoted)) + "\n"));
            var read = TableReader.Read(folder.Write("t.tsv", text)).ToList();
            Assert.Equal(table, read.Select(row => row.Fields));
            Assert.DoesNotContain(read, row => row.QuoteOpen);

            // One more row that opens a quote and never closes it is seen, whatever stands before it.
            var open = TableReader.Read(folder.Write("t.tsv", text + "\"open\tx\n")).Last();
            Assert.True(open.QuoteOpen);
        }));
    }

    [Fact]
    public void Read_WhenAQuoteNeverCloses_RefusesInsteadOfTakingTheFileIntoMemory()
    {
        using var folder = new DataSetFolder();
        var path = folder.Write("t.tsv", "a\tb\n\"open\t" + string.Concat(Enumerable.Repeat("word word\tx\n", 200_000)));

        var fault = Assert.Throws<ModelFormatException>(() => TableReader.Read(path).Count());

        Assert.Equal("dataset-malformed", fault.Code);
        Assert.Contains("t.tsv", fault.Message, StringComparison.Ordinal);
        Assert.Contains("row 2", fault.Message, StringComparison.Ordinal);
    }

    private static string Quoted(string field) => $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

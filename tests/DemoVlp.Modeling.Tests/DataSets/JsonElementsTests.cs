using System.Text;
using System.Text.Json;
using DemoVlp.Modeling.DataSets;

namespace DemoVlp.Modeling.Tests.DataSets;

public sealed class JsonElementsTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("annotations")]
    public void Read_OfElementsOfAllSizes_GivesEachWhole(string? property)
    {
        using var folder = new DataSetFolder();
        var random = new Random(3);
        // Around and beyond the size of the read buffer, so that elements are cut at any place.
        string[] texts = [.. Enumerable.Range(0, 400).Select(i => new string((char)('a' + i % 26), random.Next(i % 50 == 0 ? 200_000 : 2000)) + "\u00e9\"")];
        var list = JsonSerializer.Serialize(texts.Select(text => new { text, inner = new { annotations = new[] { 1 } } }));
        var path = folder.Write("l.json", property is null ? "\uFEFF" + list : $$"""{"images": {"annotations": [7]}, "{{property}}": {{list}}, "more": 1}""");

        var read = JsonElements.Read(path, property).ToList();

        Assert.Equal(texts, read.Select(row => row.Element.GetProperty("text").GetString()));
        Assert.Equal(Enumerable.Range(1, texts.Length).Select(n => (long)n), read.Select(row => row.Number));
    }

    [Fact]
    public void Read_OfAFileCutAnywhere_RefusesWithTheFilesName()
    {
        using var folder = new DataSetFolder();
        var whole = Encoding.UTF8.GetBytes("""{"a": [1, {"b": "x\n\u00e9"}], "annotations": [{"caption": "c \"q\""}, [], null, 5]}""");
        for (var length = 0; length < whole.Length - 1; length++)
        {
            folder.WriteBytes("cut.json", whole[..length]);
            var fault = Assert.Throws<ModelFormatException>(() => JsonElements.Read(Path.Combine(folder.Root, "cut.json"), "annotations").Count());
            Assert.Equal("dataset-malformed", fault.Code);
            Assert.StartsWith("cut.json cannot be read", fault.Message, StringComparison.Ordinal);
        }
        foreach (var other in (string[])["[]", "5", """{"annotations": {}}""", "{}", """{"annotations": [1 2]}"""])
            Assert.Equal("dataset-malformed", Assert.Throws<ModelFormatException>(() => JsonElements.Read(folder.Write("other.json", other), "annotations").Count()).Code);
    }

    [Fact]
    public void Read_OfALongList_KeepsNoElements()
    {
        using var folder = new DataSetFolder();
        var path = folder.Write("l.json", $$"""{"annotations": [{{string.Join(',', Enumerable.Range(0, 200_000).Select(i => $$"""{"caption": "somebody does something {{i}}", "image_id": "video{{i}}"}"""))}}]}""");
        long most = 0, before = GC.GetTotalMemory(forceFullCollection: true);

        foreach (var (number, _) in JsonElements.Read(path, "annotations"))
        {
            if (number % 40_000 == 0) most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        Assert.InRange(most, long.MinValue, 2 << 20);
    }
}

using DemoVlp.Modeling.DataSets;
using DemoVlp.Modeling.Tests.VideoLanguage;

namespace DemoVlp.Modeling.Tests.DataSets;

/// <summary>A data set's files as its authors publish them, small.</summary>
internal sealed class DataSetFolder : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public string Root => folder.Path;

    public string Regions => Path.Combine(folder.Path, "regions");

    public string Write(string file, string text)
    {
        var path = Path.Combine(Root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public void WriteBytes(string file, byte[] bytes)
    {
        Write(file, "");
        File.WriteAllBytes(Path.Combine(Root, file), bytes);
    }

    /// <summary>Region files 0.npz, 1.npz, ... of a video; the n-th is the n-th of a golden video.</summary>
    public void WriteVideo(string name, int frames)
    {
        Directory.CreateDirectory(Path.Combine(Regions, name));
        for (var i = 0; i < frames; i++) File.Copy(Golden("video_b", $"{i}.npz"), Path.Combine(Regions, name, $"{i}.npz"));
    }

    public void WriteImage(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Regions, file))!);
        File.Copy(Golden("cc3m", "0000", "12_345_1.npz"), Path.Combine(Regions, file));
    }

    public (CaptionItem[] Items, DataSetReport Report) Captions(string name, DataSetSplit split, DataSetOptions? options = null) => All(DataSetCatalog.OpenCaptions(name, Root, split, options));

    public (QuestionItem[] Items, DataSetReport Report) Questions(string name, DataSetSplit split, DataSetOptions? options = null) => All(DataSetCatalog.OpenQuestions(name, Root, split, options));

    public (MultipleChoiceItem[] Items, DataSetReport Report) Choices(string name, DataSetSplit split, DataSetOptions? options = null) =>
        All(DataSetCatalog.OpenMultipleChoice(name, Root, split, options));

    public void Dispose() => folder.Dispose();

    private static (TItem[] Items, DataSetReport Report) All<TItem>(DataSet<TItem> set) where TItem : DataSetItem
    {
        var report = new DataSetReport();
        TItem[] items = [.. set.Read(report)];
        Assert.Equal(items.Length, report.Usable);
        Assert.Equal(report.Unusable, report.Reasons.Values.Sum());
        return (items, report);
    }

    private static string Golden(params string[] parts) => Path.Combine([GoldenSet.Repository(), "tests", "goldens", "model", "npz", .. parts]);
}

using System.Text;
using System.Text.Json;

namespace DemoVlp.MovingShapes;

/// <summary>
/// Clips in the files of MSRVTT, as the reference and its data packages lay them out: <c>annotation/MSR_VTT.json</c>, the lists of the "jsfusion" and the "full"
/// splits with <c>jsfusion_val_caption_idx.pkl</c> under <c>high-quality/structured-symlinks</c>, <c>msrvtt_qa_*.jsonl</c> with
/// <c>msrvtt_train_ans2label.json</c>, and <c>msrvtt_mc_test.jsonl</c>.
/// </summary>
/// <remarks>"jsfusion" is searched in the test split with the first caption of each clip, as the retrieval benchmark is.</remarks>
public static class MsrvttFiles
{
    private static readonly JsonSerializerOptions Plain = new();

    /// <summary>Writes the files under <paramref name="folder"/>.</summary>
    public static void Write(string folder, IReadOnlyList<Clip> clips, Vocabulary vocabulary)
    {
        var annotation = Directory.CreateDirectory(Path.Combine(folder, "annotation")).FullName;
        var lists = Directory.CreateDirectory(Path.Combine(folder, "high-quality", "structured-symlinks")).FullName;
        WriteAnnotations(Path.Combine(annotation, "MSR_VTT.json"), clips);
        foreach (var split in Enum.GetValues<Split>()) File.WriteAllLines(Path.Combine(lists, $"{Vocabulary.Name(split)}_list_full.txt"), Ids(clips, split));
        File.WriteAllLines(Path.Combine(lists, "train_list_jsfusion.txt"), Ids(clips, Split.Train));
        File.WriteAllLines(Path.Combine(lists, "val_list_jsfusion.txt"), Ids(clips, Split.Test));
        File.WriteAllBytes(Path.Combine(lists, "jsfusion_val_caption_idx.pkl"), Pickle([.. Ids(clips, Split.Test).Select(id => (id, (byte)0))]));
        WriteQuestions(folder, clips, vocabulary);
        WriteChoices(Path.Combine(folder, "msrvtt_mc_test.jsonl"), clips);
    }

    private static IEnumerable<string> Ids(IEnumerable<Clip> clips, Split split) => clips.Where(c => c.Split == split).Select(c => c.Scene.Id);

    private static void WriteAnnotations(string path, IReadOnlyList<Clip> clips) => File.WriteAllText(path, JsonSerializer.Serialize(new
    {
        images = clips.Select(c => new { id = c.Scene.Id }),
        annotations = clips.SelectMany(c => c.Captions.Select(caption => (c.Scene.Id, caption))).Select((a, i) => new { id = i, image_id = a.Id, a.caption }),
    }, Plain));

    private static void WriteQuestions(string folder, IReadOnlyList<Clip> clips, Vocabulary vocabulary)
    {
        foreach (var split in Enum.GetValues<Split>())
            WriteLines(Path.Combine(folder, $"msrvtt_qa_{Vocabulary.Name(split)}.jsonl"), clips.Where(c => c.Split == split)
                .SelectMany(c => c.Questions.Select(q => new { question = q.Text, answer = q.Answer, video_id = c.Scene.Id, answer_type = q.Kind })));
        var labels = Questions.Answers(vocabulary).Index().ToDictionary(a => a.Item, a => a.Index);
        File.WriteAllText(Path.Combine(folder, "msrvtt_train_ans2label.json"), JsonSerializer.Serialize(labels, Plain));
    }

    private static void WriteChoices(string path, IReadOnlyList<Clip> clips) =>
        WriteLines(path, clips.Where(c => c.Split == Split.Test).SelectMany(c => c.Choices.Select(choice => (c.Scene.Id, Choice: choice))).Select((c, i) => new
        {
            qid = i,
            clip_name = c.Id,
            title = c.Choice.Options[c.Choice.Answer],
            answer = $"{c.Choice.Answer}",
            options = c.Choice.Options,
        }));

    private static void WriteLines<T>(string path, IEnumerable<T> rows) => File.WriteAllLines(path, rows.Select(row => JsonSerializer.Serialize(row, Plain)));

    // A dict of str to small int as Python's pickle (protocol 2): PROTO, EMPTY_DICT, then MARK (BINUNICODE BININT1)* SETITEMS, STOP.
    private static byte[] Pickle(IReadOnlyList<(string Key, byte Value)> items)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes); // Little-endian, as pickles are.
        writer.Write([0x80, 2, (byte)'}', (byte)'(']);
        foreach (var (key, value) in items)
        {
            var text = Encoding.UTF8.GetBytes(key);
            writer.Write((byte)'X');
            writer.Write(text.Length);
            writer.Write(text);
            writer.Write([(byte)'K', value]);
        }
        writer.Write([(byte)'u', (byte)'.']);
        return bytes.ToArray();
    }
}

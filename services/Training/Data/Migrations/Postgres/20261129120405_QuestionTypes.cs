using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Training.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class QuestionTypes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "QuestionTypes",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "QuestionTypes",
                schema: "training",
                table: "Runs");
        }
    }
}
